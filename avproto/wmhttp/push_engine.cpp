#include "wmhttp/push_engine.hpp"

#include <algorithm>
#include <utility>

#include "core/failure.hpp"
#include "wmhttp/refusal.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {
namespace {

constexpr std::size_t index(PushEngine::State state) { return static_cast<std::size_t>(state); }

}  // namespace

// ---------------------------------------------------------------------------------------------
// The program's side

PushEngine::PushEngine(EngineConfig config)
    : config_(std::move(config)),
      sent_(config_.reconnect),
      again_(config_.reconnect),
      random_(config_.jitter_seed) {
  home_ = {config_.server, config_.target};
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
  Error error = refusal(response_, doing, template_named, authentication,
                        {config_.server.authority(), proxy});
  if (config_.target == "/" && response_.status >= 400 && response_.status < 500 &&
      authentication.empty())
    error.message += "; the URL names no publishing point: write wmpush://" +
                     config_.server.authority() + "/NAME";
  return error;
}

/// Every way into the engine leads through here.
template <typename Call>
void PushEngine::guarded(Call call) noexcept {
  try {
    call();
  } catch (...) {
    collapse(current_failure());
  }
}

Error PushEngine::start(Time now) noexcept {
  now_ = now;
  guarded([&] { dispatch(Event::Start); });
  return outcome();
}

Error PushEngine::header(Bytes header, StreamShape shape, Time now) noexcept {
  now_ = now;
  offered_ = PendingFrame{FrameId::Header, 0, {}, header};
  offered_shape_ = shape;
  guarded([&] { dispatch(Event::Header); });
  return outcome();
}

Error PushEngine::packet(Bytes head, Bytes rest, Time now) noexcept {
  now_ = now;
  offered_ = PendingFrame{FrameId::Data, 0, head, rest};
  guarded([&] { dispatch(Event::Packet); });
  return outcome();
}

Error PushEngine::end(std::uint32_t reason, Time now) noexcept {
  now_ = now;
  offered_ = PendingFrame{FrameId::End, reason, {}, {}};
  guarded([&] { dispatch(Event::End); });
  return outcome();
}

Error PushEngine::disconnect() noexcept {
  const bool was_over = state_ == State::Idle || state_ == State::Ended || state_ == State::Failed;
  guarded([&] { dispatch(Event::Disconnect); });
  if (was_over) return {Result::S_FALSE, 0, 0, {}};
  return {};
}

void PushEngine::abandon(Error reason, Delivery delivery) noexcept {
  delivery_ = delivery;
  if (state_ == State::Ended || state_ == State::Failed) return;
  if (state_ != State::Ending) return fail(std::move(reason));
  guarded([&] {
    if (!out_.empty() || delivery.unacknowledged > 0 || delivery.surely_unread > 0)
      return fail(end_not_taken(reason.result, "interrupted before the end-of-stream was taken"));
    become(State::Ended);
    note_unconfirmed("before the interrupt");
  });
}

void PushEngine::take_silence(Time now, Delivery delivery) noexcept {
  now_ = now;
  delivery_ = delivery;
  if (state_ == State::Ending && out_.empty()) guarded([&] { dispatch(Event::TimedOut); });
}

void PushEngine::collapse(Error reason) noexcept {
  collapsed_ = true;
  rejected_ = {};
  // What has failed before says more than what failed for want of memory when that was told.
  fail(error_ ? std::move(error_) : std::move(reason));
}

Error PushEngine::outcome() noexcept {
  if (rejected_) return std::exchange(rejected_, Error{});
  if (state_ == State::Failed) return copy_of(error_);
  return {};
}

void PushEngine::reject(Result result, std::string message) {
  rejected_ = {result, 0, 0, std::move(message)};
}

void PushEngine::note(wmpush_log_level level, std::string text) {
  notes_.push_back({level, std::move(text)});
}

void PushEngine::fail(Error error) noexcept {
  state_ = State::Failed;
  // What may not have arrived will not be sent again any more.
  if (config_.reconnect) {
    packets_at_risk_ +=
        sent_.at_risk(taken(), unread()) + sent_.packets_behind(taken()) + again_.packets();
    for (std::size_t i = 0; i < waiting_count_; ++i)
      packets_at_risk_ += waiting_[i].id == FrameId::Data ? 1 : 0;
  }
  sent_ = SentFrames(config_.reconnect);
  again_ = SentFrames(config_.reconnect);
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
  Error lost = copy_of(error_);
  lost.result = Result::NS_E_CONNECTION_FAILURE;
  rejected_ = std::move(lost);
}

// ---------------------------------------------------------------------------------------------
// The peer's side

void PushEngine::connected(Time now) noexcept {
  now_ = now;
  connected_ = true;
  guarded([&] {
    responses_.reset();
    answers_ = 0;
    dispatch(Event::Connected);
  });
}

void PushEngine::connect_failed(Error error, Time now) noexcept {
  now_ = now;
  peer_error_ = std::move(error);
  guarded([&] { dispatch(Event::ConnectFailed); });
}

void PushEngine::sent(std::size_t count, Time now) noexcept {
  now_ = now;
  guarded([&] { take_sent(count); });
}

void PushEngine::take_sent(std::size_t count) {
  progress_ = now_;
  out_.consume(count);
  if (!out_.empty()) return;
  waiting_since_ = now_;
  if (state_ == State::RollingOver && early_accept_) return roll_over();
  if (!again_.empty()) {
    if (in_body()) feed_again();
    return;
  }
  if (packet_in_queue_) ++packets_sent_;
  packet_in_queue_ = false;
  if (recovering_ && content_queued_) streaming_again();
  if (announce_at_ && now_ >= *announce_at_) announce();
  if (again_.spent()) again_ = SentFrames(config_.reconnect);
}

void PushEngine::delivered(Delivery delivery) noexcept {
  delivery_ = delivery;
  guarded([&] { sent_.acknowledge(taken(), unread()); });
}

/// Bytes of the connection that the peer's kernel has taken.
std::uint64_t PushEngine::taken() const noexcept {
  return out_.consumed() - std::min<std::uint64_t>(out_.consumed(), delivery_.unacknowledged);
}

/// What the program there may have left of them; what a proxy has not passed on cannot be told.
std::size_t PushEngine::unread() const noexcept {
  return proxied_ ? Delivery{}.unread : delivery_.unread;
}

void PushEngine::received(Bytes bytes, Time now, Delivery delivery) noexcept {
  now_ = now;
  delivery_ = delivery;
  guarded([&] { take_received(bytes); });
}

void PushEngine::take_received(Bytes bytes) {
  while (true) {
    const ResponseReader::Status status = responses_.next(bytes, response_);
    if (status == ResponseReader::Status::NeedMore) return;
    if (status == ResponseReader::Status::Malformed) return dispatch(Event::Malformed);
    if (status == ResponseReader::Status::Excessive) return refuse_excess(responses_.malformed());
    take_response();
    // What else has come is of a connection, or of a session, that is given up.
    if (!connected_ || state_ == State::Ended || state_ == State::Failed) return;
  }
}

/// Whatever the state: a peer that never stops is not to be asked for anything more.
void PushEngine::refuse_excess(std::string what) {
  if (state_ == State::Ended || state_ == State::Failed) return;
  fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
        "the server sent " + std::move(what) + ": check host and port"});
}

/// One that says the same again to one request is not news.
void PushEngine::note_response() {
  if (answers_ == 1 || !response_.success())
    note(WMPUSH_LOG_VERBOSE, "the server answered " + response_.status_text());
  else if (answers_ == 2)
    note(WMPUSH_LOG_VERBOSE,
         "the server answered once more, " + response_.status_text() +
             ", without having been asked: further answers of this kind are not told");
}

/// False: there are too many, or too large ones, and the session has failed.
bool PushEngine::keep_cookies() {
  auto& cookies = context_.cookies;
  for (auto& [name, value] : response_.cookies) {
    const auto known =
        std::find_if(cookies.begin(), cookies.end(),
                     [&key = name](const auto& cookie) { return cookie.first == key; });
    if (known != cookies.end())
      known->second = value;
    else
      cookies.emplace_back(name, value);
    if (cookies.size() > kMaxCookies) {
      refuse_excess("more than " + std::to_string(kMaxCookies) + " cookies");
      return false;
    }
  }
  std::size_t size = 0;
  for (const auto& [name, value] : cookies) size += name.size() + value.size();
  if (size <= kMaxCookieBytes) return true;
  refuse_excess("cookies of " + std::to_string(size) + " bytes; " +
                std::to_string(kMaxCookieBytes) + " are the most");
  return false;
}

void PushEngine::take_response() {
  if (++answers_ > kMaxResponses)
    return refuse_excess("more than " + std::to_string(kMaxResponses) +
                         " responses to one request");
  note_response();
  proxied_ = proxied_ || response_.via;
  renamed_ = false;
  if (response_.push_id) {
    if (response_.push_id->size() > kMaxPushId) {
      fail({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, response_.status, 0,
            "the server sent a push-id of " + std::to_string(response_.push_id->size()) +
                " characters; " + std::to_string(kMaxPushId) + " are the most"});
      return;
    }
    renamed_ = *response_.push_id != context_.push_id;
    context_.push_id = *response_.push_id;
  }
  if (!keep_cookies()) return;
  dispatch(response_.success()                                  ? Event::Accepted
           : response_.status == 305                            ? Event::ProxyNamed
           : response_.status / 100 == 3                        ? Event::Redirected
           : response_.status == 401 || response_.status == 407 ? Event::Challenged
                                                                : Event::Refused);
}

void PushEngine::peer_closed(Time now, Delivery delivery) noexcept {
  now_ = now;
  delivery_ = delivery;
  connected_ = false;
  peer_error_ = {};
  guarded([&] { dispatch(Event::PeerClosed); });
}

void PushEngine::connection_lost(Error error, Time now, Delivery delivery) noexcept {
  now_ = now;
  delivery_ = delivery;
  connected_ = false;
  peer_error_ = std::move(error);
  guarded([&] { dispatch(Event::ConnectionLost); });
}

void PushEngine::tick(Time now, Delivery delivery) noexcept {
  now_ = now;
  delivery_ = delivery;
  if (now >= deadline()) guarded([&] { take_deadline(); });
}

void PushEngine::take_deadline() {
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
    case State::Ready:
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
