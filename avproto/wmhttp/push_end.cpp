// How the engine ends a stream, and what it says became of it (3.1.4.4).
#include <utility>

#include "core/failure.hpp"
#include "wmhttp/push_actions.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {

void PushActions::begin_end() {
  end_.asked = true;
  end_.since = in_.now;
  end_.reason = in_.reason;
  log_.append(FrameId::End, in_.reason, {}, {});
}

PushState PushActions::end_stream() {
  begin_end();
  return write_frames();
}

/// The $E is sent.
PushState PushActions::end_sent() {
  stream_again();
  return State::Ending;
}

/// The program ends the stream while nothing of it can be sent: the end follows what waits.
PushState PushActions::end_later() {
  begin_end();
  return state_;
}

/// The first EndSession of a session that was lost says so.
PushState PushActions::end_after_loss() {
  if (!session_.accepted() || end_.asked) {
    stay_and_reject(Result::NS_E_NOCONNECTION, "there is no connection to the publishing point");
  } else {
    rejected_ = copy_of(error_);
    rejected_.result = Result::NS_E_CONNECTION_FAILURE;
  }
  return State::Ended;
}

/// The server has closed the connection, or answered with a success.
PushState PushActions::finish() {
  end_.confirmed = link_.out.empty();
  if (!end_.confirmed)
    return lose_stream({Result::NS_E_CONNECTION_FAILURE, 0, 0,
                        "the server closed the connection before the end-of-stream was sent"});
  announce();
  return State::Ended;
}

PushState PushActions::finish_after_answer() {
  const Response& answer = response();
  // A proxy that was left waiting says so when the session ends; the server has nothing against it.
  // One that was not known shows itself by a name that is not the server's, or by saying what only
  // a gateway says.
  const bool by_proxy =
      route_.proxied() || answer.status == 502 ||
      (!answer.server.empty() && answer.server != session_.setup_response().server);
  const bool left_waiting = answer.status == 400 || answer.status == 502;
  if (left_waiting && by_proxy && !answer.from_media_server()) {
    const State next = finish();
    end_.confirmed = false;
    return next;
  }
  Error error = refused("EndSession", false);
  // 422 is about what came, not about the session.
  const bool may_be_unknown = link_.start.repeats() && log_.whole() && answer.status != 422;
  if (recoverable() && may_be_unknown) return refuse_stream(std::move(error));
  error.result = Result::NS_E_CONNECTION_FAILURE;
  if (link_.out.empty() && in_.delivery.unacknowledged == 0) {
    error.message += "; everything in front of the end was delivered";
    if (!config_.strict_end) {
      note(WMPUSH_LOG_WARNING, error.message);
      announce();
      return State::Ended;
    }
    error.message += ", and strict_end=0 makes this a warning";
  }
  return fail(std::move(error));
}

/// The server wants to know who ends the stream, and the answer to that was not there in time: it
/// has objected, whatever its system has acknowledged.
PushState PushActions::fail_unanswered(Result result) {
  Error error = refused("EndSession", false, "the answer to its challenge was not there in time");
  error.result = result;
  return fail(std::move(error));
}

/// The end that nobody has confirmed, when waiting for that is over.
PushState PushActions::finish_when_taken() {
  if (admission_.asking()) return fail_unanswered(Result::NS_E_CONNECTION_FAILURE);
  const Delivery& delivery = in_.delivery;
  if (!link_.out.empty() || delivery.unacknowledged > 0 || delivery.surely_unread > 0)
    return fail(end_not_taken(
        Result::NS_E_CONNECTION_FAILURE,
        "the end-of-stream was not taken within " + seconds_text(config_.end_timeout)));
  announce();
  note_unconfirmed("within " + seconds_text(in_.now - end_.since));
  return State::Ended;
}

PushState PushActions::abandon_end() {
  if (admission_.asking()) return fail_unanswered(in_.error.result);
  const Delivery& delivery = in_.delivery;
  if (!link_.out.empty() || delivery.unacknowledged > 0 || delivery.surely_unread > 0)
    return fail(end_not_taken(in_.error.result, "interrupted before the end-of-stream was taken"));
  note_unconfirmed("before the interrupt");
  return State::Ended;
}

PushState PushActions::give_up() { return fail(std::move(in_.error)); }

PushState PushActions::end_too_late() {
  const Error& loss = recovery_.cause();
  std::string why;
  if (recovery_.active())
    why = loss.message;
  else if (consulting())
    why = "a ticket for it did not come in time";
  else if (state_ == State::RollingOver && link_.out.empty())
    why = "the server did not answer when the length of a PushStart was used up";
  else if (in_body() || state_ == State::RollingOver)
    why = "the network was too slow for what was in front of it";
  else
    why = "the session was not set up in time";
  return fail(
      {Result::NS_E_CONNECTION_FAILURE, loss.http_status, loss.system_error,
       "the end-of-stream was not taken within " + seconds_text(config_.end_timeout) + ": " + why});
}

PushState PushActions::hang_up() {
  link_.out.clear();
  log_.clear();
  return State::Ended;
}

Error PushActions::end_not_taken(Result result, std::string_view when) const {
  const Delivery& delivery = in_.delivery;
  std::string message(when);
  if (delivery.unacknowledged > 0)
    message += ": the server has not acknowledged the last " +
               std::to_string(delivery.unacknowledged) + " bytes";
  else if (!link_.out.empty())
    message += ": the server takes no data";
  else
    message += ": the server's system has everything, but the server has left the last " +
               std::to_string(delivery.surely_unread) +
               " bytes of it unread, or more: see whether it hangs";
  return {result, 0, 0, std::move(message)};
}

/// Everything is acknowledged: by a system, not by a program.
void PushActions::note_unconfirmed(std::string_view when) {
  // Behind a name that is not a media server's there is a proxy, too.
  const bool by_proxy = route_.stands_between() || !session_.setup_response().from_media_server();
  note(
      WMPUSH_LOG_WARNING,
      "nobody confirmed the end-of-stream " + std::string(when) + ", by a close or an answer: " +
          (by_proxy ? "the proxy has taken everything; what became of it there cannot be told"
                    : "the server's system has taken everything; whether the server made use of it "
                      "cannot be told"));
}

}  // namespace wmpush::wmhttp
