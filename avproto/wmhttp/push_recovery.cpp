// How the engine goes on after a connection was lost in mid stream (2.2.2.2, 3.2.7.1).
#include <utility>

#include "wmhttp/push_actions.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {
namespace {

/// A server that forgets us at a time of its own may be a little late.
constexpr std::chrono::seconds kForgetsLate{10};

}  // namespace

/// The connection is gone. What the peer's kernel has taken is not sent again, since it may have
/// been read; what it has not is, since nobody else has it.
PushState PushActions::recover(Error cause) {
  admission_.accepted_by_proxy();
  return recover_from(taken(), unread(), std::move(cause));
}

/// Of the connection `taken` bytes need not be sent again.
PushState PushActions::recover_from(std::uint64_t taken, std::size_t unread, Error cause) {
  recovery_.settle(in_.now);
  recovery_.put_at_risk(log_.rewind(taken, unread));
  if (end_.asked && !log_.pending()) {
    // Nobody says whether the $E was read. A server that still has the session gets it once more.
    end_.loss = cause;
    log_.append(FrameId::End, end_.reason, {}, {});
  }
  return try_later(std::move(cause));
}

PushState PushActions::try_later(Error cause) {
  if (!recovery_.lost(in_.now, cause)) {
    cause.message += " (given up after " +
                     count_text(static_cast<std::uint64_t>(recovery_.tries()), "attempt") +
                     " to connect again)";
    return fail(std::move(cause));
  }
  note(WMPUSH_LOG_WARNING,
       cause.message + ": connecting again in " + seconds_text(recovery_.delay()));
  drop_connection();
  return State::Waiting;
}

PushState PushActions::connect_again() {
  drop_connection();
  // No new session is made only to be ended: there a doubt is of no use.
  if (end_.loss) session_.trust();
  if (session_.resumable(in_.now, *recovery_.outage_since())) return State::Reconnecting;
  if (end_.loss) return fail(end_.loss);
  forget_session();
  return State::Connecting;
}

void PushActions::forget_session() {
  drop_connection();
  const Route::Place here = route_.place();
  session_.forget(here);
  route_.go_home();
  if (route_.place().server != here.server) admission_.leave_server();
  admission_.begin_anew();
}

/// An error response to a PushStart.
PushState PushActions::refuse_stream(Error refusal) {
  refusal.message += playlist_hint();
  if (!recoverable()) return fail(std::move(refusal));
  if (denies_session()) return deny_session();
  const int status = response().status;
  const bool resumes = link_.start.resumes();
  const bool held = may_be_held(status);
  const bool try_again = worth_another_try(status) || (status == 409 && held);
  if (!try_again && resumes)
    refusal.message = "the server does not know the session any more (" + response().status_text() +
                      "), so that a new one is needed";
  if (!try_again && !resumes && !held) return fail(std::move(refusal));
  const bool from_the_start = refused_from_the_start();
  if (try_again && !from_the_start) return recover(std::move(refusal));

  if (!try_again) session_.give_up();
  if (from_the_start && !resumes) resume_after_all();
  if (resumes && session_.fresh()) recovery_.hurry();
  if (from_the_start) return recover_from(log_.beginning(), 0, std::move(refusal));
  // The session was not there any more, but more was sent meanwhile than can be sent again.
  in_.delivery.unread = Delivery{}.unread;
  return recover(std::move(refusal));
}

/// Whether the answer is about the head of a PushStart on a new connection, of which then nothing
/// was taken: its frames are still to be sent.
bool PushActions::refused_from_the_start() const {
  if (!link_.start.repeats() || !log_.whole() || response().status == 408) return false;
  // A server that fails later has had its reasons from what came meanwhile.
  const Duration plausible = response().status >= 500 ? kAtOnce : config_.response_timeout;
  return in_.now - link_.start.since() < plausible;
}

/// The answer to a PushStart that was to resume a session brings another push-id: the server does
/// not have the session.
bool PushActions::denies_session() const {
  return session_.renamed() && link_.start.resumes() && recoverable() && refused_from_the_start();
}

PushState PushActions::deny_session() {
  session_.deny();
  recovery_.hurry();
  return recover_from(
      log_.beginning(), 0,
      {Result::NS_E_CONNECTION_FAILURE, response().status, 0,
       "the server does not know the session any more (" + response().status_text() +
           ", with a push-id of its own), so that a new one is needed"});
}

/// A new session is refused because something holds the publishing point: that may be the session
/// that was given up on a doubt, which then is the one to go on with.
void PushActions::resume_after_all() {
  if (!session_.has_doubted() || !may_be_held(response().status)) return;
  if (in_.now >= *recovery_.outage_since() + session_.idle_timeout()) return;
  note(WMPUSH_LOG_VERBOSE, "the server still holds the session that was lost: resuming it");
  const Destination here = route_.place().server;
  route_.go_to(*session_.take_back());
  if (route_.place().server != here) admission_.leave_server();
}

/// A server that has not noticed the loss yet refuses us for our own sake, until it does.
bool PushActions::may_be_held(int status) const {
  if (status != 404 && status != 409) return false;
  if (!recovery_.outage_since() || recovery_.lasted(in_.now)) return false;
  // Whatever it took of the stream made its time begin anew.
  return in_.now < recovery_.nothing_since() + session_.idle_timeout() + kForgetsLate;
}

/// Says that the stream has come back.
void PushActions::announce() {
  if (std::string text = recovery_.announcement(link_.start.resumes()); !text.empty())
    note(WMPUSH_LOG_WARNING, std::move(text));
}

}  // namespace wmpush::wmhttp
