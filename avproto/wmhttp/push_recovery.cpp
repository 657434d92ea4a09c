// How the engine goes on after a connection was lost in mid stream (2.2.2.2, 3.2.7.1).
#include <algorithm>
#include <limits>
#include <utility>

#include "wmhttp/push_engine.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {
namespace {

/// The first wait; each further one is twice as long.
constexpr Duration kFirstDelay = std::chrono::milliseconds(500);
/// How long a server keeps a session when it does not say (2.2.1.4).
constexpr std::chrono::seconds kIdleTimeout{60};
/// A server that forgets us at a time of its own may be a little late.
constexpr std::chrono::seconds kForgetsLate{10};
/// Frames that are queued at once when much is to be sent again.
constexpr int kFramesAtOnce = 32;

std::string count_text(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace

bool PushEngine::recoverable() const { return config_.reconnect && !header_.empty(); }

/// The connection is gone. What the peer's kernel has taken is not sent again, since it may have
/// been read; what it has not is, since nobody else has it.
void PushEngine::recover(Error cause) {
  // A proxy that does not know us says so: one that has not may ask anew on the next connection.
  if (config_.proxy_authenticator != nullptr) config_.proxy_authenticator->accepted();
  recover_from(taken(), unread(), std::move(cause));
}

void PushEngine::recover_from(std::uint64_t taken, std::size_t unread, Error cause) {
  if (lasted()) {
    tries_ = 0;
    outage_since_.reset();
  }
  streaming_since_.reset();
  take_back(taken, unread);
  if (end_asked_ && again_.empty() && waiting_count_ == 0) {
    // Nobody says whether the $E was read. A server that still has the session gets it once more.
    end_loss_ = cause;
    waiting_[waiting_count_++] = {FrameId::End, end_reason_, {}, {}};
  }
  try_later(std::move(cause));
}

/// Moves the frames behind the first `taken` bytes of the connection to those that are to be sent
/// again.
void PushEngine::take_back(std::uint64_t taken, std::size_t unread) {
  out_.clear();
  packets_at_risk_ += sent_.at_risk(taken, unread);
  sent_.skip_to(taken);
  sent_.take_over(again_);
  again_ = std::exchange(sent_, SentFrames(config_.reconnect));
  sent_.set_header(again_.header());
}

void PushEngine::try_later(Error cause) {
  if (!outage_since_) outage_since_ = now_;
  if (!std::exchange(recovering_, true)) {
    // One that came back for a moment only has not come back.
    if (!std::exchange(announce_at_, std::nullopt)) {
      lost_at_ = now_;
      packets_again_ = 0;
    }
  }
  if (config_.reconnect_max_retries > 0 && tries_ >= config_.reconnect_max_retries) {
    cause.message += " (given up after " +
                     count_text(static_cast<std::uint64_t>(tries_), "attempt") +
                     " to connect again)";
    return fail(std::move(cause));
  }
  const auto doubled = kFirstDelay * (std::int64_t{1} << std::min<std::int64_t>(tries_, 20));
  // A server that has just said that it wants a new session need not be waited for.
  const Duration longest = std::min<Duration>(std::exchange(denied_, false) ? kFirstDelay : doubled,
                                              config_.reconnect_delay_max);
  // Encoders that lost their server together are not to come back together.
  const Duration delay = longest / 2 + Duration(std::uniform_int_distribution<std::int64_t>(
                                           0, longest.count() / 2)(random_));
  ++tries_;
  note(WMPUSH_LOG_WARNING, cause.message + ": connecting again in " + seconds_text(delay));
  loss_ = std::move(cause);
  retry_at_ = now_ + delay;
  drop_connection();
  become(State::Waiting);
}

/// The stream that came back goes on for so long that it counts as well again.
bool PushEngine::lasted() const { return streaming_since_ && now_ - *streaming_since_ >= kLasting; }

/// How long the server keeps a session without a request.
Duration PushEngine::idle_timeout() const { return setup_response_.timeout.value_or(kIdleTimeout); }

/// Whether the server may still have the session.
bool PushEngine::resumable() const {
  if (config_.resume == Resume::Never || new_session_) return false;
  if (context_.push_id.empty() || context_.push_id == kNewSession) return false;
  return now_ < *outage_since_ + idle_timeout();
}

/// Something speaks against the server having the session still.
void PushEngine::doubt_session() {
  if (config_.resume == Resume::Always || new_session_) return;
  new_session_ = in_doubt_ = true;
}

/// A new session is refused because something holds the publishing point: that may be the session
/// that was given up on a doubt, which then is the one to go on with.
void PushEngine::resume_after_all() {
  if (!doubted_ || !may_be_held(response_.status) || now_ >= *outage_since_ + idle_timeout())
    return;
  note(WMPUSH_LOG_VERBOSE, "the server still holds the session that was lost: resuming it");
  if (config_.server != doubted_->server) config_.server_authenticator = nullptr;
  config_.server = std::move(doubted_->server);
  config_.target = std::move(doubted_->target);
  context_.push_id = std::move(doubted_->push_id);
  context_.cookies = std::move(doubted_->cookies);
  doubted_.reset();
  aim();
  new_session_ = false;
}

/// A server that has not noticed the loss yet refuses us for our own sake, until it does.
bool PushEngine::may_be_held(int status) const {
  if ((status != 404 && status != 409) || !outage_since_ || lasted()) return false;
  return now_ < *outage_since_ + idle_timeout() + kForgetsLate;
}

/// The answer to a PushStart that was to resume a session brings another push-id: the server does
/// not have the session. False: it does not say that.
bool PushEngine::deny_session() {
  if (!renamed_ || !resumes_ || !recoverable() || !refused_from_the_start()) return false;
  new_session_ = denied_ = true;
  in_doubt_ = false;
  doubted_.reset();
  recover_from(sent_.beginning(), 0,
               {Result::NS_E_CONNECTION_FAILURE, response_.status, 0,
                "the server does not know the session any more (" + response_.status_text() +
                    ", with a push-id of its own), so that a new one is needed"});
  return true;
}

void PushEngine::connect_again() {
  drop_connection();
  // No new session is made only to be ended: there a doubt is of no use.
  if (end_loss_ && std::exchange(in_doubt_, false)) new_session_ = false;
  if (resumable()) return;
  if (end_loss_) return fail(end_loss_);
  forget_session();
  become(State::Connecting);
}

void PushEngine::forget_session() {
  drop_connection();
  new_session_ = true;
  if (std::exchange(in_doubt_, false))
    doubted_ = {config_.server, config_.target, context_.push_id, context_.cookies};
  context_.push_id = kNewSession;
  context_.cookies.clear();
  // A redirect was for that session alone.
  if (config_.server != home_.server) config_.server_authenticator = nullptr;
  config_.server = home_.server;
  config_.target = home_.target;
  aim();
  for (Authenticator* each : {config_.server_authenticator, config_.proxy_authenticator})
    if (each != nullptr) each->begin_anew();
}

/// The $H of a session that goes on with an earlier one's stream is the header that is in force
/// where it goes on.
void PushEngine::put_first_header() {
  if (!again_.empty() && again_.front().id == FrameId::StreamChange) {
    const PendingFrame next_entry = again_.front();
    again_.pop_front();
    return put({FrameId::Header, 0, {}, next_entry.rest});
  }
  // Copied, not lent: it changes when a $C behind it is sent again.
  if (!again_.empty()) return put({FrameId::Header, 0, again_.header(), {}});
  // It begins with the header that a waiting $C would have brought; an $E behind that stays.
  for (std::size_t i = waiting_count_; i-- > 0;)
    if (waiting_[i].id == FrameId::StreamChange) {
      std::copy(waiting_.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_count_), waiting_.begin());
      waiting_count_ -= i + 1;
      break;
    }
  put({FrameId::Header, 0, {}, header_});
}

void PushEngine::feed_again() {
  for (int i = 0; i < kFramesAtOnce && !again_.empty(); ++i) {
    const PendingFrame frame = again_.front();
    if (!fits(frame)) return use_up_length();
    put(frame, true);
    again_.pop_front();
    if (frame.id == FrameId::Data && recovering_) {
      ++packets_again_;
      ++packets_resent_;
    }
  }
  if (again_.empty()) submit_waiting();
}

void PushEngine::streaming_again() {
  recovering_ = in_doubt_ = false;
  ++reconnects_;
  streaming_since_ = now_;
  if (state_ == State::Resuming) become(State::Streaming);
  announce_at_ = now_ + kAtOnce;
}

/// Said only when the server has not objected for a while.
void PushEngine::announce() {
  if (!std::exchange(announce_at_, std::nullopt)) return;
  note(WMPUSH_LOG_WARNING, "streaming again after " + seconds_text(*streaming_since_ - lost_at_) +
                               (resumes_ ? ", in the same session: " : ", in a new session: ") +
                               count_text(packets_again_, "packet") + " sent again, " +
                               (packets_at_risk_ == 0 ? "none lost"
                                                      : count_text(packets_at_risk_, "packet") +
                                                            " at the most lost so far"));
}

/// Whether the answer is about the head of a PushStart on a new connection, of which then nothing
/// was taken: its frames are still to be sent.
bool PushEngine::refused_from_the_start() const {
  if (!repeats_ || !sent_.whole() || response_.status == 408) return false;
  // A server that fails later has had its reasons from what came meanwhile.
  const Duration plausible = response_.status >= 500 ? kAtOnce : config_.response_timeout;
  return now_ - push_start_at_ < plausible;
}

/// An error response to a PushStart.
void PushEngine::refuse_stream(Error refusal) {
  refusal.message += playlist_hint();
  if (!recoverable()) return fail(std::move(refusal));
  if (deny_session()) return;
  const int status = response_.status;
  const bool held = may_be_held(status);
  const bool try_again = worth_another_try(status) || (status == 409 && held);
  if (!try_again && resumes_)
    refusal.message = "the server does not know the session any more (" + response_.status_text() +
                      "), so that a new one is needed";
  if (refused_from_the_start() && (try_again || resumes_ || held)) {
    const bool resumed = resumes_;
    new_session_ = !try_again;
    if (!resumed) resume_after_all();
    denied_ = new_session_ && resumed;
    return recover_from(sent_.beginning(), 0, std::move(refusal));
  }
  if (try_again) return recover(std::move(refusal));
  if (!resumes_ && !held) return fail(std::move(refusal));
  // The session was not there any more, but more was sent meanwhile than can be sent again.
  new_session_ = true;
  denied_ = resumes_;
  delivery_.unread = Delivery{}.unread;
  recover(std::move(refusal));
}

/// The program ends the stream while the connection is being made again.
void PushEngine::end_later() {
  if (end_asked_) return no_connection();
  begin_end();
  waiting_[waiting_count_++] = offered_;
}

}  // namespace wmpush::wmhttp
