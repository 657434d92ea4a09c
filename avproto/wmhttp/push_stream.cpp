// How the engine fills the bodies of PushStart (3.1.4.2, 3.1.4.3, 3.1.4.5) and ends the stream
// (3.1.4.4).
#include <algorithm>
#include <array>
#include <utility>

#include "wmhttp/push_engine.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {
namespace {

/// Bit rate to reckon with behind a proxy when the header names none, in bit/s.
constexpr std::int64_t kAssumedBitrate = 1'000'000;

/// In seconds. A burst after a pause is no rate.
constexpr double kLongEnoughToMeasure = 5;

constexpr std::array<std::byte, kMaxFillerPayload> kZeros{};

}  // namespace

bool PushEngine::take_header(std::size_t limit, std::string_view frame) {
  if (offered_.payload() > limit) {
    reject(Result::NS_E_INVALID_DATA, "the ASF header has " + std::to_string(offered_.payload()) +
                                          " bytes; " + std::string(frame) + " carries " +
                                          std::to_string(limit) +
                                          " at the most: leave out metadata or streams");
    return false;
  }
  header_.assign(offered_.rest.begin(), offered_.rest.end());
  shape_ = offered_shape_;
  return true;
}

void PushEngine::start_stream() {
  if (!take_header(kMaxHeaderPayload, "$H")) return become(State::Ready);
  start_or_reconnect();
}

/// 3.1.4.2.1: on the connection of the last request if it is still there, else on a new one.
void PushEngine::start_or_reconnect() {
  // What is to be sent again may begin with the $H itself.
  with_header_ = again_.empty() || again_.front().id != FrameId::Header;
  if (!connected_) return become(State::Reconnecting);
  become(recovering_ ? State::Resuming : State::Streaming);
  repeats_ = recovering_;
  resumes_ = new_session_ = false;
  begin_push_start();
}

void PushEngine::stream_on_new_connection() {
  authorize();
  if (authorization_incomplete()) return send_round();
  become(recovering_ ? State::Resuming : State::Streaming);
  repeats_ = true;
  resumes_ = !std::exchange(new_session_, false);
  send_push_start();
}

void PushEngine::begin_push_start() {
  authorize();
  send_push_start();
}

void PushEngine::send_push_start() {
  length_remaining_ = push_start_size_ = push_start_length();
  note(WMPUSH_LOG_VERBOSE, "PushStart of " + std::to_string(length_remaining_) + " bytes");
  out_.copy(as_bytes(push_start_head(context_, length_remaining_)));
  progress_ = push_start_at_ = now_;
  answers_ = 0;
  const bool kept = config_.reconnect || config_.server_authenticator != nullptr ||
                    config_.proxy_authenticator != nullptr;
  // What is sent again was already too much for the network once, and what has piled up meanwhile
  // follows at once: all of it may be refused.
  const std::size_t refusable = (recovering_ ? kMaxRefusable : kMaxReplay) + again_.size();
  sent_.begin(out_.queued(), kept ? refusable : 0, static_cast<std::size_t>(length_remaining_));
  early_accept_ = false;
  if (std::exchange(with_header_, false)) put_first_header();
  again_.empty() ? submit_waiting() : feed_again();
}

void PushEngine::submit_waiting() {
  const auto waiting = waiting_;
  const std::size_t count = std::exchange(waiting_count_, 0);
  for (std::size_t i = 0; i < count; ++i) submit(waiting[i]);
}

/// Length-Remaining (3.1.4.2.1).
std::int64_t PushEngine::push_start_length() const {
  std::int64_t length = kDirectContentLength;
  if (config_.content_length > 0) {
    length = config_.content_length;
  } else if (proxied_) {
    const std::int64_t declared = shape_.bitrate > 0 ? shape_.bitrate : kAssumedBitrate;
    const std::int64_t bitrate = std::max(declared, measured_bitrate_);
    length = bitrate / 8 * kProxiedDuration.count();
  }
  const auto packet =
      static_cast<std::int64_t>(frame_head_size(FrameId::Data) + shape_.packet_size);
  const auto header = static_cast<std::int64_t>(frame_head_size(FrameId::StreamChange) +
                                                header_.size() + frame_head_size(FrameId::Filler));
  // What is sent again may be of an entry with larger ones.
  const auto again = static_cast<std::int64_t>(again_.largest() + frame_head_size(FrameId::Filler));
  return std::min(std::max({length, 3 * packet, header, again}), kDirectContentLength);
}

void PushEngine::send_packet() {
  const std::size_t size = offered_.payload();
  if (size == 0) return reject(Result::E_INVALIDARG, "an empty data packet cannot be sent");
  if (size > shape_.packet_size)
    return reject(Result::NS_E_INVALID_DATA, "a data packet has " + std::to_string(size) +
                                                 " bytes, the ASF header declares " +
                                                 std::to_string(shape_.packet_size));
  submit(offered_);
}

void PushEngine::next_entry() {
  if (!take_header(kMaxStreamChangePayload, "$C")) return;
  next_entry_at_ = now_;
  submit({FrameId::End, kReasonNextEntry, {}, {}});
  submit({FrameId::StreamChange, 0, {}, header_});
}

void PushEngine::end_stream() {
  begin_end();
  submit(offered_);
}

void PushEngine::begin_end() {
  end_asked_ = true;
  end_started_ = now_;
  end_reason_ = offered_.reason;
}

/// Sends a frame, or uses the length up and lets the frame wait for the next PushStart.
void PushEngine::submit(const PendingFrame& frame) {
  if (in_body() && waiting_count_ == 0 && fits(frame)) return put(frame);
  waiting_[waiting_count_++] = frame;
  if (in_body()) use_up_length();
}

bool PushEngine::fits(const PendingFrame& frame) const {
  const auto size = static_cast<std::int64_t>(frame.size());
  const auto filler = static_cast<std::int64_t>(frame_head_size(FrameId::Filler));
  if (frame.id != FrameId::End) return size + filler <= length_remaining_;
  if (frame.reason != kReasonNextEntry) return size <= length_remaining_;
  // What is left behind an $E(1) must be nothing, or room for a $F.
  return size == length_remaining_ || size + filler <= length_remaining_;
}

void PushEngine::put(const PendingFrame& frame, bool again) {
  std::array<std::byte, 8> head;
  const std::size_t head_size = write_frame_head(frame.id, frame.payload(), frame.reason, head);
  if (out_.empty()) progress_ = now_;
  // Kept before it is lent: what is queued must not outlive what it points to.
  sent_.add(frame, out_.queued() + frame.size());
  out_.copy(Bytes(head).first(head_size));
  out_.copy(frame.head);
  out_.lend(frame.rest);
  length_remaining_ -= static_cast<std::int64_t>(frame.size());
  content_queued_ = content_queued_ || frame.id != FrameId::Filler;
  packet_in_queue_ = packet_in_queue_ || (frame.id == FrameId::Data && !again);
  if (frame.id == FrameId::End && frame.reason != kReasonNextEntry) {
    become(State::Ending);
  }
}

/// A header may declare less than there is: the sound alone, where nobody knows the rate of the
/// pictures.
void PushEngine::measure_bitrate() {
  const double seconds = std::chrono::duration<double>(now_ - push_start_at_).count();
  if (seconds < kLongEnoughToMeasure) return;
  const std::int64_t bytes = push_start_size_ - length_remaining_;
  measured_bitrate_ = static_cast<std::int64_t>(8.0 * static_cast<double>(bytes) / seconds);
}

/// Fills the body exactly, in frames that leave no rest too small for another one.
void PushEngine::use_up_length() {
  measure_bitrate();
  constexpr std::int64_t kLargest = 65535;
  constexpr auto kSmallest = static_cast<std::int64_t>(frame_head_size(FrameId::Filler));
  become(State::RollingOver);
  while (length_remaining_ > 0) {
    std::int64_t size = std::min(length_remaining_, kLargest);
    const std::int64_t rest = length_remaining_ - size;
    if (rest > 0 && rest < kSmallest) size -= kSmallest;
    put({FrameId::Filler, 0, {}, Bytes(kZeros).first(static_cast<std::size_t>(size - kSmallest))});
  }
  waiting_since_ = now_;
  // The server has answered already: the next request follows the filler on the same connection.
  if (early_accept_ && early_keep_alive_) roll_over();
}

/// The answer to the PushStart is here: goes on with the next one. Where the server closes behind
/// the answer, everything is sent before.
void PushEngine::roll_over() {
  if (early_keep_alive_ && connected_) {
    become(State::Streaming);
    return begin_push_start();
  }
  if (!out_.empty() && connected_) return;
  drop_connection();
  become(State::Reconnecting);
}

/// A server that has answered closes when it likes.
void PushEngine::lose_rollover() {
  if (!early_accept_ || recoverable()) return lose_stream();
  roll_over();
}

void PushEngine::remember_acceptance() {
  early_accept_ = true;
  early_keep_alive_ = response_.keep_alive;
  authorization_accepted();
}

void PushEngine::next_push_start() {
  authorization_accepted();
  sent_.acknowledge(out_.consumed(), 0);  // who answers has read everything
  repeats_ = resumes_ = false;
  // An answer that overtook the filler is one too: the request follows the filler.
  early_accept_ = true;
  early_keep_alive_ = response_.keep_alive;
  become(State::RollingOver);
  roll_over();
}

/// A receiver that does not count the length never answers (3.1.4.3): a new session goes on where
/// this one stands, with $H again.
void PushEngine::renew_session() {
  if (!out_.empty()) return stalled();
  const std::string why = "the server did not answer within " +
                          seconds_text(config_.rollover_timeout) +
                          " when the length of a PushStart was used up";
  if (recoverable()) {
    // It may also be the network that does not answer.
    new_session_ = denied_ = true;
    return recover({Result::NS_E_TIMEOUT, 0, 0, why});
  }
  note(WMPUSH_LOG_WARNING, why + ": setting up a new session");
  forget_session();
}

void PushEngine::refuse_stream() { refuse_stream(refused("PushStart", false)); }

void PushEngine::lose_stream() {
  Error error = peer_error_;
  if (!error)
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "the server closed the connection in the middle of the stream: see its log"};
  error.message += playlist_hint() + size_hint();
  // Who drops a session that it is to go on with does not know it; a proxy has reasons of its own.
  if (resumes_ && !proxied_ && now_ < push_start_at_ + kLasting) doubt_session();
  recoverable() ? recover(std::move(error)) : fail(std::move(error));
}

/// Why a stream may have ended where the next input begins.
std::string PushEngine::playlist_hint() const {
  if (!next_entry_at_ || now_ >= *next_entry_at_ + kAtOnce) return {};
  return "; that was where the next input began: if the server takes no playlists, join the inputs "
         "into one";
}

/// Why a connection may have been lost where a stream begins.
std::string PushEngine::size_hint() const {
  if (resumes_ || next_entry_at_ || now_ >= push_start_at_ + kLasting) return {};
  if (header_.size() > kCommonPayload)
    return "; the ASF header has " + std::to_string(header_.size()) +
           " bytes, and some receivers take 8192 at the most: max_header=8192 makes it fit";
  if (shape_.packet_size > kCommonPayload)
    return "; the data packets have " + std::to_string(shape_.packet_size) +
           " bytes, and some receivers take 8192 at the most: use a smaller -packet_size";
  return {};
}

void PushEngine::stalled() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "the server took no data for " + seconds_text(config_.send_timeout) +
                  ": check the network, lower the bit rate, or set send_timeout higher"};
  recoverable() ? recover(std::move(error)) : fail(std::move(error));
}

// ---------------------------------------------------------------------------------------------
// The end (3.1.4.4)

void PushEngine::finish() {
  end_confirmed_ = out_.empty();
  if (end_confirmed_) return announce();
  peer_error_ = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
                 "the server closed the connection before the end-of-stream was sent"};
  lose_stream();
}

void PushEngine::finish_after_answer() {
  // A proxy that was left waiting says so when the session ends; the server has nothing against it.
  // One that was not known shows itself by a name that is not the server's, or by saying what only
  // a gateway says.
  const bool by_proxy = proxied_ || response_.status == 502 ||
                        (!response_.server.empty() && response_.server != setup_response_.server);
  const bool left_waiting = response_.status == 400 || response_.status == 502;
  if (left_waiting && by_proxy && !response_.from_media_server()) {
    finish();
    end_confirmed_ = false;
    return;
  }
  Error error = refused("EndSession", false);
  // 422 is about what came, not about the session.
  const bool may_be_unknown = repeats_ && sent_.whole() && response_.status != 422;
  if (recoverable() && may_be_unknown) return refuse_stream(std::move(error));
  error.result = Result::NS_E_CONNECTION_FAILURE;
  if (out_.empty() && delivery_.unacknowledged == 0) {
    error.message += "; everything in front of the end was delivered";
    if (!config_.strict_end) {
      note(WMPUSH_LOG_WARNING, error.message);
      return announce();
    }
    error.message += ", and strict_end=0 makes this a warning";
  }
  fail(std::move(error));
}

/// The end that nobody has confirmed, when waiting for that is over.
void PushEngine::finish_when_taken() {
  if (!out_.empty() || delivery_.unacknowledged > 0 || delivery_.surely_unread > 0)
    return fail(end_not_taken(
        Result::NS_E_CONNECTION_FAILURE,
        "the end-of-stream was not taken within " + seconds_text(config_.end_timeout)));
  announce();
  note_unconfirmed("within " + seconds_text(now_ - end_started_));
}

Error PushEngine::end_not_taken(Result result, std::string_view when) const {
  std::string message(when);
  if (delivery_.unacknowledged > 0)
    message += ": the server has not acknowledged the last " +
               std::to_string(delivery_.unacknowledged) + " bytes";
  else if (!out_.empty())
    message += ": the server takes no data";
  else
    message += ": the server's system has everything, but the server has left the last " +
               std::to_string(delivery_.surely_unread) +
               " bytes of it unread, or more: see whether it hangs";
  return {result, 0, 0, std::move(message)};
}

/// Everything is acknowledged: by a system, not by a program.
void PushEngine::note_unconfirmed(std::string_view when) {
  // Behind a name that is not a media server's there is a proxy, too.
  const bool by_proxy = proxied_ || !setup_response_.from_media_server();
  note(
      WMPUSH_LOG_WARNING,
      "nobody confirmed the end-of-stream " + std::string(when) + ", by a close or an answer: " +
          (by_proxy ? "the proxy has taken everything; what became of it there cannot be told"
                    : "the server's system has taken everything; whether the server made use of it "
                      "cannot be told"));
}

void PushEngine::hang_up() {
  out_.clear();
  waiting_count_ = 0;
  packet_in_queue_ = false;
}

}  // namespace wmpush::wmhttp
