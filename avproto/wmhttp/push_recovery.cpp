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
/// A stream that went on for so long counts as well again: the waits begin anew.
constexpr std::chrono::seconds kLasting{5};
/// A server that fails so soon after a PushStart began has taken nothing of it.
constexpr std::chrono::seconds kAtOnce{1};
/// How long a server keeps a session when it does not say (2.2.1.4).
constexpr std::chrono::seconds kIdleTimeout{60};
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
  const bool lasted = streaming_since_ && now_ - *streaming_since_ >= kLasting;
  // A server that took so much of a resumed session knows that session.
  if (lasted || !sent_.whole()) resumable_since_ = now_;
  if (lasted) tries_ = 0;
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
  if (!std::exchange(recovering_, true)) {
    resumable_since_ = now_;
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
  const bool forgotten = new_session_ && context_.push_id != kNewSession;
  const Duration longest =
      std::min<Duration>(forgotten ? kFirstDelay : doubled, config_.reconnect_delay_max);
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

/// Whether the server may still have the session.
bool PushEngine::resumable() const {
  if (new_session_ || context_.push_id.empty() || context_.push_id == kNewSession) return false;
  return now_ < resumable_since_ + setup_response_.timeout.value_or(kIdleTimeout);
}

void PushEngine::connect_again() {
  drop_connection();
  if (resumable()) return;
  if (end_loss_) return fail(end_loss_);
  forget_session();
  become(State::Connecting);
}

void PushEngine::forget_session() {
  drop_connection();
  new_session_ = true;
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
  // It begins with the header that a waiting $C would have brought.
  if (waiting_count_ > 0 && waiting_[waiting_count_ - 1].id == FrameId::StreamChange)
    waiting_count_ = 0;
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
  recovering_ = false;
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
  if (!recoverable()) return fail(std::move(refusal));
  const bool try_again = worth_another_try(response_.status);
  if (!try_again && resumes_)
    refusal.message = "the server does not know the session any more (" + response_.status_text() +
                      "), so that a new one is needed";
  if (refused_from_the_start() && (try_again || resumes_)) {
    new_session_ = !try_again;
    return recover_from(sent_.beginning(), 0, std::move(refusal));
  }
  if (try_again) return recover(std::move(refusal));
  if (!resumes_) return fail(std::move(refusal));
  // The session was not there any more, but more was sent meanwhile than can be sent again.
  new_session_ = true;
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
