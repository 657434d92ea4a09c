#include "pubpoint/web/administration.hpp"

#include <algorithm>
#include <random>

#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {
namespace {

using Kind = AdminOutcome::Kind;

constexpr int kUnavailable = 503;

AdminOutcome nothing(std::string why) {
  return {Kind::NothingToDo, "Nothing was done: " + std::move(why)};
}

/// The push that is meant; otherwise `outcome` says why there is none.
std::shared_ptr<PushSession> push_of(Service& service, const AdminAct& act, AdminOutcome& outcome) {
  auto session = service.registry().pusher(act.point);
  if (!session) {
    outcome = nothing("nobody pushes to " + act.point + " any more.");
  } else if (!act.encoder.empty() && session->report().peer != act.encoder) {
    const std::string gone =
        act.encoder == AdminAct::kNoEncoder ? "" : "the encoder " + act.encoder + " has gone; ";
    outcome = nothing(gone + session->report().peer + " pushes to " + act.point + " now.");
    session.reset();
  }
  return session;
}

/// Null: it has gone, or watches another point.
std::shared_ptr<const ViewerRecord> viewer_of(const Service& service, const AdminAct& act) {
  for (const auto& viewer : service.watching().viewers())
    if (viewer->point == act.point &&
        (viewer->peer == act.viewer || std::to_string(viewer->number) == act.viewer))
      return viewer;
  return nullptr;
}

AdminOutcome disconnect_encoder(Service& service, const AdminAct& act, const std::string& because) {
  AdminOutcome outcome;
  const auto session = push_of(service, act, outcome);
  if (!session) return outcome;
  const std::string peer = session->report().peer;
  service.cut_off(session, kUnavailable, "disconnected " + because);
  return {Kind::Done, "The encoder " + peer + " was disconnected from " + act.point +
                          ". Its viewers wait for another one."};
}

AdminOutcome end_push(Service& service, const AdminAct& act, const std::string& because) {
  // An encoder that is lost has left viewers who wait.
  if (!service.registry().pusher(act.point) && service.watching().end_stream(act.point))
    return {Kind::Done, "The stream at " + act.point + " was ended for its viewers."};
  AdminOutcome outcome;
  const auto session = push_of(service, act, outcome);
  if (!session) return outcome;
  const std::string peer = session->report().peer;
  service.cut_off(session, kUnavailable, "ended " + because, true);
  return {Kind::Done, "The push of " + peer + " to " + act.point + " was ended" +
                          (service.settings().fallback ? ". Its viewers go on with the fallback."
                                                       : ", for its viewers as well.")};
}

AdminOutcome disconnect_viewer(Service& service, const AdminAct& act, const std::string& because) {
  const auto viewer = viewer_of(service, act);
  if (!viewer) return nothing("viewer " + act.viewer + " of " + act.point + " has gone.");
  service.watching().close_viewer(viewer->number, "disconnected " + because);
  return {Kind::Done, "The viewer " + viewer->peer + " was disconnected from " + act.point + "."};
}

AdminOutcome start_recording(Service& service, const AdminAct& act) {
  AdminOutcome outcome;
  if (!service.may_record()) return nothing("the server has no directory for recordings.");
  const auto session = push_of(service, act, outcome);
  if (!session) return outcome;
  if (service.is_recording(*session)) return nothing(act.point + " is recorded already.");
  if (!service.start_recording(session))
    return nothing("the push to " + act.point + " has not sent its header yet.");
  return {Kind::Done,
          "The recording of " + act.point + " begins with the next key frame of the push."};
}

AdminOutcome stop_recording(Service& service, const AdminAct& act) {
  AdminOutcome outcome;
  const auto session = push_of(service, act, outcome);
  if (!session) return outcome;
  if (!service.stop_recording(session)) return nothing(act.point + " is not recorded.");
  return {Kind::Done, "The recording of " + act.point + " was stopped, and its file is finished."};
}

AdminOutcome act_on(Service& service, const AdminAct& act, const std::string& because) {
  if (act.what == AdminAct::kDisconnectEncoder) return disconnect_encoder(service, act, because);
  if (act.what == AdminAct::kEndPush) return end_push(service, act, because);
  if (act.what == AdminAct::kDisconnectViewer) return disconnect_viewer(service, act, because);
  if (act.what == AdminAct::kStartRecording) return start_recording(service, act);
  if (act.what == AdminAct::kStopRecording) return stop_recording(service, act);
  return {Kind::NotUnderstood,
          "The action is one of disconnect_encoder, end_push, disconnect_viewer (with viewer=, "
          "its address and port), start_recording and stop_recording."};
}

}  // namespace

AdminOutcome perform(Service& service, const AdminAct& act, const Administrator& administrator) {
  if (!service.registry().has(act.point))
    return nothing("there is no publishing point " + act.point + " any more.");
  AdminOutcome outcome = act_on(service, act, "by the administrator '" + administrator.user + "'");
  if (outcome.kind != Kind::NotUnderstood)
    service.log("administrator '" + administrator.user + "' at " + administrator.peer + ", " +
                act.what + ": " + outcome.text);
  return outcome;
}

std::string Administration::keep_notice(std::string user, std::string text) {
  std::random_device random;  // the kernel's generator
  std::string name = std::to_string(std::uint64_t{random()} << 32 | random());
  notices_.push_back({name, std::move(user), std::move(text)});
  if (notices_.size() > kMostNotices) notices_.pop_front();
  return name;
}

std::string Administration::notice(std::string_view name, std::string_view user) const {
  const auto found = std::ranges::find(notices_, name, &Notice::name);
  return found == notices_.end() || found->user != user ? std::string() : found->text;
}

}  // namespace wmpush::pubpoint
