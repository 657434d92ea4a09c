#include "pubpoint/push/push_handler.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"

namespace wmpush::pubpoint {
namespace {

using wmhttp::Frame;

/// Sessions that were set up on a connection and have not begun.
constexpr std::size_t kUnstartedPerConnection = 16;
/// How long a push that runs ahead of its time waits for the disk: in steps, and at most. A disk
/// that is stuck for longer is one to record no more on.
constexpr std::chrono::milliseconds kDiskWait{10};
constexpr std::chrono::milliseconds kLongestDiskWait{2000};
/// What a Windows Media server lists, so that clients see what they would see there (S04).
constexpr const char* kSupported =
    "com.microsoft.wm.srvppair, com.microsoft.wm.sswitch, com.microsoft.wm.predstrm, "
    "com.microsoft.wm.fastcache, com.microsoft.wm.startupprofile";

}  // namespace

PushHandler::PushHandler(ClientConnection& connection, Service& service)
    : connection_(connection), service_(service) {}

/// Lives as long as the connection that it belongs to.
std::weak_ptr<SessionConnection> PushHandler::self() {
  return std::shared_ptr<SessionConnection>(connection_.keep(), this);
}

Reading PushHandler::on_request(const RequestHead& head) {
  authorization_ = head.first("Authorization");
  target_ = head.target;
  Verdict verdict = judge(head);
  request_ = std::move(verdict.request);
  if (verdict.status != 0) {
    connection_.refuse(verdict.status, verdict.breaches);
    return Reading::Nothing;
  }
  if (request_.kind == PushRequest::Kind::Start) return begin_stream();
  setup_body_.clear();
  return Reading::Body;
}

Reading PushHandler::on_bytes(Bytes& input) {
  if (request_.kind == PushRequest::Kind::Setup) return read_setup_body(input);
  if (!session_) return Reading::Nothing;
  const Reading next = read_stream(input);
  if (next == Reading::Stream && !reads_at_once_) wait_for_disk({});
  return next;
}

Reading PushHandler::read_setup_body(Bytes& input) {
  const std::size_t missing =
      static_cast<std::size_t>(request_.content_length) - setup_body_.size();
  const Bytes taken = input.first(std::min(missing, input.size()));
  setup_body_ += as_text(taken);
  input = input.subspan(taken.size());
  if (taken.size() < missing) return Reading::Body;
  if (admit(AfterRefusal::GoesOn)) set_up();
  return Reading::Request;
}

bool PushHandler::admit(AfterRefusal after) {
  const auto user = let_in({.right = Right::Push,
                            .method = "POST",
                            .target = target_,
                            .authorization = authorization_,
                            .address = connection_.address(),
                            .point = request_.path},
                           connection_, service_, after);
  user_ = user.value_or("");
  return user.has_value();
}

void PushHandler::set_up() {
  SetupDirectives directives;
  if (const auto breach = parse_setup_body(setup_body_, directives))
    return connection_.refuse(400, {*breach});
  if (service_.watching().has_origin(request_.path)) {
    refuse({409,
            {"S03",
             "the publishing point " + in_quotes(request_.path) + " shows what its origin has"}});
    return;
  }
  const bool is_new = request_.push_id.empty() || request_.push_id == "0";
  if (is_new) make_room();
  Grant grant =
      service_.registry().set_up(request_, directives, connection_.address(), service_.now());
  if (!grant.session) {
    refuse(grant.refusal);
    return;
  }
  if (const auto& other = grant.displaced) {
    service_.count(Limit::AddressUnstarted);
    service_.end_session(other, "never begun, and others were set up from the same address");
  }
  const auto& session = grant.session;
  session->set_up(request_, connection_.peer(), service_.now());
  session->set_connection(self());
  last_push_id_ = session->id();
  service_.publish(*session);
  if (is_new) set_up_.push_back(session);
  if (is_new && service_.has_hook(Hook::Push))
    ask(session);
  else
    accept(*session);
}

void PushHandler::ask(const std::shared_ptr<PushSession>& session) {
  HookFacts facts("push");
  facts.add("point", request_.path)
      .add("address", connection_.address())
      .add("user", user_)
      .add("user_agent", request_.user_agent)
      .add("session", session->id())
      .add_secret("query", query_of(target_));
  asking_ = true;
  connection_.hold();
  const std::weak_ptr<void> alive = connection_.keep();
  service_.ask_for_push(
      session, std::move(facts), [this, alive] { return alive.lock() && connection_.is_open(); },
      [this, alive, session](int status) {
        const auto connection = alive.lock();
        if (!connection) return;
        asking_ = false;
        if (!connection_.is_open()) return;
        if (status == 0)
          accept(*session);
        else
          connection_.refuse(status, {});
        connection_.go_on();
      });
}

void PushHandler::accept(const PushSession& session) {
  service_.let_in(session);
  const std::string timeout = std::to_string(service_.settings().idle_timeout.count());
  connection_.answer(204, {{"Pragma", "no-cache, timeout=" + timeout},
                           {"Cache-Control", "no-cache"},
                           {"Set-Cookie", "push-id=" + session.id()},
                           {"Supported", kSupported}});
}

/// Behind a proxy several clients share a connection; but one that only ever sets sessions up gets
/// no more of them, and takes no others' place.
void PushHandler::make_room() {
  std::erase_if(set_up_, [](const auto& known) {
    const auto session = known.lock();
    return !session || session->over() || session->report().push_starts > 0;
  });
  if (set_up_.size() < kUnstartedPerConnection) return;
  const auto oldest = set_up_.front().lock();
  set_up_.pop_front();
  service_.count(Limit::ConnectionUnstarted);
  service_.end_session(oldest, "never begun, and others were set up on the same connection");
}

Reading PushHandler::begin_stream() {
  if (!admit(AfterRefusal::Closes)) return Reading::Nothing;
  Grant grant = service_.registry().find(request_, service_.now());
  if (!grant.session) return refuse(grant.refusal);
  if (const auto& other = grant.displaced) {
    service_.end_session(other, "the push from " + connection_.peer() + " takes over");
    if (const auto connection = other->connection()) connection->session_ended(other->id(), 503);
  }
  session_ = std::move(grant.session);
  received_before_ = session_->report().bytes;
  const bool first = session_->report().push_starts == 0;
  const bool resumed = session_->waits_for_resume();
  session_->start(request_, connection_.peer(), service_.now());
  session_->set_connection(self());
  last_push_id_ = session_->id();
  service_.registry().start(session_);
  if (first && !service_.session_started(session_)) connection_.hold();
  if (!first) service_.publish(*session_);
  if (resumed) service_.log("session " + session_->id() + " is resumed by " + connection_.peer());
  return Reading::Stream;
}

Reading PushHandler::read_stream(Bytes& input) {
  const Clock::time_point now = service_.now();
  for (;;) {
    Frame frame;
    switch (session_->next(input, frame, now)) {
      case PushSession::Step::NeedMore:
        service_.publish(*session_);
        return Reading::Stream;
      case PushSession::Step::LengthUsedUp:
        return length_used_up();
      case PushSession::Step::Breach: {
        note_received();
        const Refusal refusal = session_->refusal();
        service_.end_session(std::exchange(session_, nullptr),
                             refusal.breach.rule + ": " + refusal.breach.text);
        return refuse(refusal);
      }
      case PushSession::Step::Frame:
        break;
    }
    if (session_->end_of_stream()) return end_stream(input);
  }
}

Reading PushHandler::length_used_up() {
  service_.publish(*session_);
  note_received();
  const std::string id = std::exchange(session_, nullptr)->id();
  connection_.answer(204, {{"Set-Cookie", "push-id=" + id}});
  return Reading::Request;
}

Reading PushHandler::end_stream(Bytes& input) {
  note_received();
  char reason[16];
  std::snprintf(reason, sizeof reason, "0x%08X", session_->report().end_reason);
  service_.end_session(std::exchange(session_, nullptr),
                       std::string("end of stream, reason ") + reason);
  after_end_ = true;
  on_rest(input);
  input = {};
  connection_.end_record(200);
  connection_.close_politely();
  return Reading::Nothing;
}

void PushHandler::on_rest(Bytes rest) {
  if (rest.empty() || !std::exchange(after_end_, false)) return;
  service_.breached(connection_.peer(), {"F08", "bytes after the end of the stream"});
}

Reading PushHandler::refuse(const Refusal& refusal) {
  if (refusal.limit) service_.count(*refusal.limit);
  connection_.refuse(refusal.status, {refusal.breach});
  return Reading::Nothing;
}

void PushHandler::on_gone(const std::string& how) {
  if (!session_) return;
  note_received();
  session_->connection_lost();
  service_.publish(*session_);
  service_.log("S09: the connection of session " + session_->id() + " was lost: " + how);
  session_.reset();
}

void PushHandler::read_now() {
  // What the client was told is delivered is not lost to a disk that is slow. What waits for
  // another reason goes on waiting.
  reads_at_once_ = true;
  if (waits_for_disk_) connection_.end_pause();
  waits_for_disk_ = false;
  connection_.read_all();
  reads_at_once_ = false;
}

void PushHandler::hand_over() {
  if (!asking_) {
    reads_at_once_ = true;
    connection_.end_pause();
    connection_.read_all();
    reads_at_once_ = false;
  }
  on_gone("its client has come back on another connection");
  connection_.close();
}

void PushHandler::session_ended(const std::string& push_id, int status) {
  if (push_id != last_push_id_) return;
  const bool receiving = session_ != nullptr;
  note_received();
  session_.reset();
  if ((receiving || asking_) && status != 0) connection_.answer(status, {{"Connection", "close"}});
  connection_.close_politely();
  connection_.go_on();
}

void PushHandler::go_on(const std::string& push_id) {
  if (push_id == last_push_id_) connection_.go_on();
}

void PushHandler::note_received() {
  if (RequestRecord* record = connection_.record(); record != nullptr && session_)
    record->bytes = session_->report().bytes - received_before_;
}

void PushHandler::wait_for_disk(std::chrono::milliseconds waited) {
  waits_for_disk_ = false;
  if (!session_) return;
  if (!service_.has_to_wait(*session_)) {
    disk_stuck_ = false;
    return;
  }
  disk_stuck_ = disk_stuck_ || waited >= kLongestDiskWait;
  if (disk_stuck_) return;
  waits_for_disk_ = true;
  connection_.pause(kDiskWait, [this, waited] { wait_for_disk(waited + kDiskWait); });
}

}  // namespace wmpush::pubpoint
