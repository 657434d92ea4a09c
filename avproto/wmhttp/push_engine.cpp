#include "wmhttp/push_engine.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "wmhttp/refusal.hpp"

namespace wmpush::wmhttp {
namespace {

/// Bit rate to reckon with behind a proxy when the header names none, in bit/s.
constexpr std::int64_t kAssumedBitrate = 1'000'000;

constexpr std::array<std::byte, kMaxFillerPayload> kZeros{};

std::string seconds_text(Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", static_cast<double>(duration.count()) / 1e6);
  return text;
}

constexpr std::size_t index(PushEngine::State state) { return static_cast<std::size_t>(state); }

}  // namespace

// ---------------------------------------------------------------------------------------------
// The program's side

PushEngine::PushEngine(EngineConfig config)
    : config_(std::move(config)),
      sent_(config_.reconnect),
      again_(config_.reconnect),
      random_(config_.jitter_seed) {
  context_.user_agent = config_.user_agent;
  context_.authentication_schemes = config_.authentication_schemes;
  aim();
}

/// What a request says about where it goes; a proxy is told the whole address (3.1.4.1).
void PushEngine::aim() {
  context_.host = config_.server.authority();
  context_.target = (config_.proxy ? "http://" + context_.host : std::string()) + config_.target;
  proxied_ = proxied_ || config_.proxy.has_value();
}

Error PushEngine::refused(std::string_view doing, bool template_named,
                          std::string_view authentication) const {
  const std::string proxy = config_.proxy ? "proxy " + config_.proxy->authority()
                            : proxied_    ? "proxy in between"
                                          : "";
  return refusal(response_, doing, template_named, authentication,
                 {config_.server.authority(), proxy});
}

Error PushEngine::start(Time now) {
  now_ = now;
  dispatch(Event::Start);
  return outcome();
}

Error PushEngine::header(Bytes header, StreamShape shape, Time now) {
  now_ = now;
  offered_ = PendingFrame{FrameId::Header, 0, {}, header};
  offered_shape_ = shape;
  dispatch(Event::Header);
  return outcome();
}

Error PushEngine::packet(Bytes head, Bytes rest, Time now) {
  now_ = now;
  offered_ = PendingFrame{FrameId::Data, 0, head, rest};
  dispatch(Event::Packet);
  return outcome();
}

Error PushEngine::end(std::uint32_t reason, Time now) {
  now_ = now;
  offered_ = PendingFrame{FrameId::End, reason, {}, {}};
  dispatch(Event::End);
  return outcome();
}

Error PushEngine::disconnect() {
  const bool was_over = state_ == State::Idle || state_ == State::Ended || state_ == State::Failed;
  dispatch(Event::Disconnect);
  if (was_over) return {Result::S_FALSE, 0, 0, {}};
  return {};
}

void PushEngine::abandon(Error reason) {
  if (state_ != State::Ended && state_ != State::Failed) fail(std::move(reason));
}

Error PushEngine::outcome() {
  if (rejected_) return std::exchange(rejected_, Error{});
  if (state_ == State::Failed) return error_;
  return {};
}

void PushEngine::reject(Result result, std::string message) {
  rejected_ = {result, 0, 0, std::move(message)};
}

void PushEngine::note(wmpush_log_level level, std::string text) {
  notes_.push_back({level, std::move(text)});
}

void PushEngine::fail(Error error) {
  state_ = State::Failed;
  for (; !again_.empty(); again_.pop_front())
    packets_at_risk_ += again_.front().id == FrameId::Data;
  error_ = std::move(error);
  out_.clear();
  waiting_count_ = 0;
  packet_in_queue_ = false;
}

void PushEngine::invalid() {
  reject(Result::NS_E_INVALID_REQUEST,
         "the call is not valid while the session is " + std::string(name(state_)));
}

void PushEngine::no_connection() {
  reject(Result::NS_E_NOCONNECTION, "there is no connection to the publishing point");
}

void PushEngine::end_without_stream() {
  if (!connected_)
    return reject(Result::NS_E_CONNECTION_FAILURE,
                  "the server closed the connection before the stream began");
  reject(Result::NS_E_INVALID_REQUEST, "there is no stream to end: no ASF header was sent");
}

/// The first EndSession of a session that was lost says so; a further one finds none to end.
void PushEngine::end_after_loss() {
  if (!accepted_ || end_asked_) return no_connection();
  Error lost = error_;
  lost.result = Result::NS_E_CONNECTION_FAILURE;
  rejected_ = std::move(lost);
}

// ---------------------------------------------------------------------------------------------
// The peer's side

void PushEngine::connected(Time now) {
  now_ = now;
  connected_ = true;
  responses_.reset();
  dispatch(Event::Connected);
}

void PushEngine::connect_failed(Error error, Time now) {
  now_ = now;
  peer_error_ = std::move(error);
  dispatch(Event::ConnectFailed);
}

void PushEngine::sent(std::size_t count, Time now) {
  now_ = now;
  progress_ = now;
  out_.consume(count);
  if (!out_.empty()) return;
  waiting_since_ = now;
  if (!again_.empty()) {
    if (in_body()) feed_again();
    return;
  }
  if (packet_in_queue_) ++packets_sent_;
  packet_in_queue_ = false;
  if (recovering_ && content_queued_) streaming_again();
  if (again_.spent()) again_ = SentFrames(config_.reconnect);
}

void PushEngine::delivered(Delivery delivery) {
  sent_.acknowledge(
      out_.consumed() - std::min<std::uint64_t>(out_.consumed(), delivery.unacknowledged),
      proxied_ ? Delivery{}.unread : delivery.unread);
}

void PushEngine::received(Bytes bytes, Time now, Delivery delivery) {
  now_ = now;
  delivery_ = delivery;
  while (true) {
    const ResponseReader::Status status = responses_.next(bytes, response_);
    if (status == ResponseReader::Status::NeedMore) return;
    if (status == ResponseReader::Status::Malformed) {
      dispatch(Event::Malformed);
      return;
    }
    take_response();
    if (!connected_) return;  // what else has come is of a connection that is given up
  }
}

void PushEngine::take_response() {
  note(WMPUSH_LOG_VERBOSE, "the server answered " + response_.status_text());
  proxied_ = proxied_ || response_.via;
  if (response_.push_id) {
    if (response_.push_id->size() > kMaxPushId) {
      fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, response_.status, 0,
            "the server sent a push-id of " + std::to_string(response_.push_id->size()) +
                " characters; " + std::to_string(kMaxPushId) + " are the most"});
      return;
    }
    context_.push_id = *response_.push_id;
  }
  for (const auto& [name, value] : response_.cookies) {
    auto& cookies = context_.cookies;
    const auto known =
        std::find_if(cookies.begin(), cookies.end(),
                     [&key = name](const auto& cookie) { return cookie.first == key; });
    if (known != cookies.end())
      known->second = value;
    else
      cookies.emplace_back(name, value);
  }
  dispatch(response_.success()                                  ? Event::Accepted
           : response_.status == 305                            ? Event::ProxyNamed
           : response_.status / 100 == 3                        ? Event::Redirected
           : response_.status == 401 || response_.status == 407 ? Event::Challenged
                                                                : Event::Refused);
}

void PushEngine::peer_closed(Time now, Delivery delivery) {
  now_ = now;
  delivery_ = delivery;
  connected_ = false;
  peer_error_ = {};
  dispatch(Event::PeerClosed);
}

void PushEngine::connection_lost(Error error, Time now, Delivery delivery) {
  now_ = now;
  delivery_ = delivery;
  connected_ = false;
  peer_error_ = std::move(error);
  dispatch(Event::ConnectionLost);
}

void PushEngine::tick(Time now, Delivery delivery) {
  now_ = now;
  delivery_ = delivery;
  if (now < deadline()) return;
  // A rollover or a new connection on the way to the end has no more time than the end itself.
  if (end_overdue() && state_ != State::Ending)
    return fail({Result::NS_E_CONNECTION_FAILURE, loss_.http_status, loss_.system_error,
                 "the end-of-stream was not taken within " + seconds_text(config_.end_timeout) +
                     (recovering_ ? ": " + loss_.message
                                  : ": the server did not answer when the length of a PushStart "
                                    "was used up")});
  dispatch(Event::TimedOut);
}

void PushEngine::closed() { connected_ = false; }

// ---------------------------------------------------------------------------------------------
// What the owner has to do

PushEngine::Want PushEngine::wants() const {
  switch (state_) {
    case State::Connecting:
    case State::Reconnecting:
      return Want::Connect;
    case State::Waiting:
      return Want::Wait;
    case State::Idle:
      return Want::Nothing;
    case State::Ended:
    case State::Failed:
      return connected_ ? Want::Close : Want::Nothing;
    case State::SettingUp:
    case State::Authorizing:
    case State::RollingOver:
    case State::Ending:
      return out_.empty() ? Want::Receive : Want::Send;
    case State::Ready:
    case State::Resuming:
    case State::Streaming:
    case State::Count:
      break;
  }
  return out_.empty() ? Want::Nothing : Want::Send;
}

bool PushEngine::end_overdue() const {
  return end_asked_ && now_ >= end_started_ + config_.end_timeout;
}

Time PushEngine::deadline() const {
  const Time end = end_asked_ ? end_started_ + config_.end_timeout : Time::max();
  switch (state_) {
    case State::SettingUp:
    case State::Authorizing:
      return std::min(end, waiting_since_ + config_.response_timeout);
    case State::RollingOver:
      return std::min(end, out_.empty() ? waiting_since_ + config_.rollover_timeout
                                        : progress_ + config_.send_timeout);
    case State::Waiting:
      return std::min(end, retry_at_);
    case State::Resuming:
    case State::Streaming:
      return std::min(end, out_.empty() ? Time::max() : progress_ + config_.send_timeout);
    case State::Connecting:
    case State::Reconnecting:
    case State::Ending:
      return end;
    default:
      return Time::max();
  }
}

// ---------------------------------------------------------------------------------------------
// Setup (3.1.4.1, 3.1.5.1)

void PushEngine::want_connection() { drop_connection(); }

/// While an authentication goes its rounds there is no body: only the last request is meant.
void PushEngine::send_setup() {
  note(WMPUSH_LOG_VERBOSE, "PushSetup for " + config_.target);
  progress_ = waiting_since_ = now_;
  if (!std::exchange(same_authorization_, false)) authorize();
  body_held_back_ = authorization_incomplete();
  out_.copy(as_bytes(push_setup_request(
      context_, body_held_back_ ? std::string_view() : std::string_view(config_.setup_body))));
}

void PushEngine::fail_to_connect() {
  // What is wrong with the address itself does not get better.
  const bool later = recoverable() && (peer_error_.result == Result::NS_E_PUSH_CANNOTCONNECT ||
                                       peer_error_.result == Result::NS_E_SERVER_NOT_FOUND ||
                                       peer_error_.result == Result::NS_E_PROXY_NOT_FOUND);
  later ? try_later(peer_error_) : fail(peer_error_);
}

void PushEngine::accept_session() {
  if (!response_.from_media_server()) {
    if (config_.strict_server) return fail(foreign_server(response_));
    note(WMPUSH_LOG_WARNING,
         "the server calls itself '" + response_.server +
             "', which is no Windows Media server: going on because strict_server is 0");
  }
  authorization_accepted();
  if (body_held_back_ && !config_.setup_body.empty()) {
    // Let in before the last round, as a server may that knows the connection: the body is to come.
    become(response_.keep_alive ? State::SettingUp : State::Connecting);
    return response_.keep_alive ? send_setup() : drop_connection();
  }
  accepted_ = true;
  setup_response_ = response_;
  if (!response_.keep_alive) drop_connection();
  if (!header_.empty()) start_or_reconnect();  // the session before it was lost: go on
}

void PushEngine::refuse_setup() {
  Error error = refused("PushSetup", !config_.setup_body.empty());
  const bool later = recoverable() && worth_another_try(response_.status);
  later ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::report_malformed() {
  fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
        "the server sent " + responses_.malformed() + ": check host and port"});
}

void PushEngine::lose_setup() {
  // A server may close behind a challenge although it did not say so.
  if (std::exchange(connection_reused_, false)) {
    same_authorization_ = true;
    drop_connection();
    return become(State::Connecting);
  }
  Error error = peer_error_;
  if (error)
    error.message = "PushSetup: " + error.message;
  else
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "PushSetup: the server closed the connection without a complete answer: is it a "
             "Windows Media server?"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::setup_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushSetup: no answer within " + seconds_text(config_.response_timeout) +
                  ": check that this is a Windows Media server, or set response_timeout higher"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::round_unanswered() {
  Error error{Result::NS_E_TIMEOUT, 0, 0,
              "PushStart: the proxy did not answer within " +
                  seconds_text(config_.response_timeout) +
                  " on a new connection: see its log, or set response_timeout higher"};
  recoverable() ? try_later(std::move(error)) : fail(std::move(error));
}

void PushEngine::forget_connection() { drop_connection(); }

// ---------------------------------------------------------------------------------------------
// The stream (3.1.4.2, 3.1.4.3, 3.1.4.5)

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
  length_remaining_ = push_start_length();
  note(WMPUSH_LOG_VERBOSE, "PushStart of " + std::to_string(length_remaining_) + " bytes");
  out_.copy(as_bytes(push_start_head(context_, length_remaining_)));
  progress_ = now_;
  const bool kept = config_.reconnect || config_.server_authenticator != nullptr ||
                    config_.proxy_authenticator != nullptr;
  // What is sent again was already too much for the network once: all of it may be refused.
  sent_.begin(out_.queued(), kept ? kMaxReplay + again_.size() : 0,
              static_cast<std::size_t>(length_remaining_));
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
    const std::int64_t bitrate = shape_.bitrate > 0 ? shape_.bitrate : kAssumedBitrate;
    length = bitrate / 8 * kProxiedDuration.count();
  }
  const auto packet =
      static_cast<std::int64_t>(frame_head_size(FrameId::Data) + shape_.packet_size);
  const auto header = static_cast<std::int64_t>(frame_head_size(FrameId::StreamChange) +
                                                header_.size() + frame_head_size(FrameId::Filler));
  return std::min(std::max({length, 3 * packet, header}), kDirectContentLength);
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
  submit({FrameId::End, kReasonNextEntry, {}, {}});
  submit({FrameId::StreamChange, 0, {}, header_});
}

void PushEngine::end_stream() {
  end_asked_ = true;
  end_started_ = now_;
  end_reason_ = offered_.reason;
  submit(offered_);
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
  out_.copy(Bytes(head).first(head_size));
  out_.copy(frame.head);
  out_.lend(frame.rest);
  sent_.add(frame, out_.queued());
  length_remaining_ -= static_cast<std::int64_t>(frame.size());
  content_queued_ = content_queued_ || frame.id != FrameId::Filler;
  packet_in_queue_ = packet_in_queue_ || (frame.id == FrameId::Data && !again);
  if (frame.id == FrameId::End && frame.reason != kReasonNextEntry) {
    become(State::Ending);
  }
}

/// Fills the body exactly, in frames that leave no rest too small for another one.
void PushEngine::use_up_length() {
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
  if (early_accept_ && !early_keep_alive_) {
    drop_connection();
    return become(State::Reconnecting);
  }
  if (early_accept_) {
    become(State::Streaming);
    begin_push_start();
  }
}

void PushEngine::remember_acceptance() {
  early_accept_ = true;
  early_keep_alive_ = response_.keep_alive;
  authorization_accepted();
}

void PushEngine::next_push_start() {
  authorization_accepted();
  sent_.read_up_to(out_.consumed());
  repeats_ = resumes_ = false;
  // An answer that overtook the filler is one too: the request follows the filler.
  if (connected_ && response_.keep_alive) return begin_push_start();
  drop_connection();
  become(State::Reconnecting);
}

/// A receiver that does not count the length never answers (3.1.4.3): a new session goes on where
/// this one stands, with $H again.
void PushEngine::renew_session() {
  if (!out_.empty()) return stalled();
  note(WMPUSH_LOG_WARNING,
       "the server did not answer within " + seconds_text(config_.rollover_timeout) +
           " when the length of a PushStart was used up: setting up a new session");
  forget_session();
  // The new session begins with the header that a waiting $C would have brought.
  if (waiting_count_ > 0 && waiting_[waiting_count_ - 1].id == FrameId::StreamChange)
    waiting_count_ = 0;
}

void PushEngine::refuse_stream() { refuse_stream(refused("PushStart", false)); }

void PushEngine::lose_stream() {
  Error error = peer_error_;
  if (!error)
    error = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
             "the server closed the connection in the middle of the stream: see its log"};
  recoverable() ? recover(std::move(error)) : fail(std::move(error));
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
  if (out_.empty()) return;
  peer_error_ = {Result::NS_E_CONNECTION_FAILURE, 0, 0,
                 "the server closed the connection before the end-of-stream was sent"};
  lose_stream();
}

void PushEngine::finish_after_answer() {
  // A proxy that was left waiting says so when the session ends; the server has nothing against it.
  if (proxied_ && (response_.status == 400 || response_.status == 502)) return finish();
  Error error = refused("EndSession", false);
  if (recoverable() && repeats_ && sent_.whole()) return refuse_stream(std::move(error));
  error.result = Result::NS_E_CONNECTION_FAILURE;
  fail(std::move(error));
}

void PushEngine::finish_when_taken() {
  const std::size_t untaken = delivery_.unacknowledged;
  if (out_.empty() && untaken == 0) return;
  fail({Result::NS_E_CONNECTION_FAILURE, 0, 0,
        "the end-of-stream was not taken within " + seconds_text(config_.end_timeout) +
            (untaken > 0 ? ": the server has not acknowledged the last " + std::to_string(untaken) +
                               " bytes"
                         : ": the server takes no data")});
}

void PushEngine::hang_up() {
  out_.clear();
  waiting_count_ = 0;
  packet_in_queue_ = false;
}

void PushEngine::drop_connection() {
  connected_ = false;
  content_queued_ = false;
  responses_.reset();
  out_.clear();
  sent_.clear();
}

std::string_view name(PushEngine::State state) {
  static constexpr std::array<std::string_view, index(PushEngine::State::Count)> kNames = {
      "not connected",
      "connecting",
      "being set up",
      "waiting for a header",
      "reconnecting",
      "authenticating",
      "waiting for another try",
      "resuming",
      "streaming",
      "rolling over",
      "ending",
      "over",
      "failed"};
  return kNames[index(state)];
}

}  // namespace wmpush::wmhttp
