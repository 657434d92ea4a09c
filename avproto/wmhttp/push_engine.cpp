#include "wmhttp/push_engine.hpp"

#include <algorithm>
#include <utility>

#include "core/failure.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {

PushEngine::PushEngine(EngineConfig config) : PushActions(std::move(config)) {}

/// Every way into the engine leads through here.
template <typename Call>
void PushEngine::guarded(Call call) noexcept {
  try {
    call();
  } catch (...) {
    collapse(current_failure());
  }
}

// ---------------------------------------------------------------------------------------------
// The program's side

Error PushEngine::call(Event event) noexcept {
  guarded([&] {
    rejected_ = not_now(event);
    if (!rejected_) dispatch(event);
  });
  if (rejected_) return std::exchange(rejected_, Error{});
  if (state_ == State::Failed) return copy_of(error_);
  return {};
}

Error PushEngine::start(Time now) noexcept {
  in_.now = now;
  return call(Event::Start);
}

Error PushEngine::header(Bytes header, StreamShape shape, Time now) noexcept {
  in_.now = now;
  in_.head = {};
  in_.rest = header;
  in_.shape = shape;
  return call(Event::Header);
}

Error PushEngine::packet(Bytes head, Bytes rest, Time now) noexcept {
  in_.now = now;
  in_.head = head;
  in_.rest = rest;
  return call(Event::Packet);
}

Error PushEngine::end(std::uint32_t reason, Time now) noexcept {
  in_.now = now;
  in_.reason = reason;
  return call(Event::End);
}

Error PushEngine::disconnect() noexcept {
  const bool was_over = over() || state_ == State::Idle;
  guarded([&] { dispatch(Event::Disconnect); });
  if (was_over) return {Result::S_FALSE, 0, 0, {}};
  return {};
}

void PushEngine::abandon(Error reason, Delivery delivery) noexcept {
  report(Event::Abandoned, in_.now, delivery, std::move(reason));
}

void PushEngine::take_silence(Time now, Delivery delivery) noexcept {
  if (state_ == State::Ending && link_.out.empty()) report(Event::TimedOut, now, delivery);
}

void PushEngine::collapse(Error reason) noexcept {
  collapsed_ = true;
  rejected_ = {};
  // What has failed before says more than what failed for want of memory when that was told.
  state_ = fail(error_ ? std::move(error_) : std::move(reason));
}

// ---------------------------------------------------------------------------------------------
// The peer's side

void PushEngine::report(Event event, Time now, Delivery delivery, Error error) noexcept {
  in_.now = now;
  in_.delivery = delivery;
  in_.error = std::move(error);
  guarded([&] { dispatch(event); });
}

void PushEngine::connected(Time now) noexcept {
  guarded([&] {
    link_ = {};
    link_.open = true;
  });
  report(Event::Connected, now, in_.delivery);
}

void PushEngine::connect_failed(Error error, Time now) noexcept {
  report(Event::ConnectFailed, now, in_.delivery, std::move(error));
}

void PushEngine::sent(std::size_t count, Time now) noexcept {
  in_.now = link_.progress = now;
  guarded([&] {
    link_.out.consume(count);
    stream_.packets_sent += log_.sent(link_.out.consumed());
    if (!link_.out.empty()) return;
    link_.waiting_since = now;
    dispatch(Event::Drained);
  });
}

void PushEngine::delivered(Delivery delivery) noexcept {
  in_.delivery = delivery;
  guarded([&] { log_.acknowledge(taken(), unread()); });
}

void PushEngine::received(Bytes bytes, Time now, Delivery delivery) noexcept {
  in_.now = now;
  in_.delivery = delivery;
  guarded([&] { take_received(bytes); });
}

void PushEngine::take_received(Bytes bytes) {
  // What else has come may be of a connection, or of a session, that was given up.
  while (link_.open && !over() && !consulting()) {
    const Outcome outcome = link_.exchange.next(bytes);
    if (outcome == Outcome::None) return;
    const Event event = interpret(outcome);
    dispatch(event);
  }
  if (link_.open && consulting()) append(link_.held, bytes);
}

std::shared_ptr<Question> PushEngine::question() noexcept {
  std::shared_ptr<Question> question;
  guarded([&] { question = admission_.question(); });
  return question;
}

void PushEngine::answered(Time now) noexcept {
  in_.now = now;
  guarded([&] {
    Error failure;
    const bool of_use = admission_.answered(failure);
    if (failure) return collapse(std::move(failure));
    if (of_use && !over()) dispatch(Event::Answered);
    if (!consulting()) take_received(std::exchange(link_.held, {}));
  });
}

/// Keeps what a response says of the session, and finds the event that it is.
PushEvent PushEngine::interpret(Outcome outcome) {
  const auto too_much = [&](Error error) {
    in_.error = std::move(error);
    return Event::Excessive;
  };
  if (outcome == Outcome::Malformed) return Event::Malformed;
  if (outcome == Outcome::Excessive)
    return too_much({Result::NS_E_INCOMPATIBLE_PUSH_SERVER, 0, 0,
                     "the server sent " + link_.exchange.fault() + ": check host and port"});
  if (auto text = link_.exchange.note()) note(WMPUSH_LOG_VERBOSE, std::move(*text));
  if (response().via) route_.saw_proxy();
  if (Error error = session_.take(response())) return too_much(std::move(error));
  switch (outcome) {
    case Outcome::Accepted:
      return Event::Accepted;
    case Outcome::Redirected:
      return Event::Redirected;
    case Outcome::ProxyNamed:
      return Event::ProxyNamed;
    case Outcome::Challenged:
      return Event::Challenged;
    default:
      return Event::Refused;
  }
}

void PushEngine::peer_closed(Time now, Delivery delivery) noexcept {
  link_.open = false;
  report(Event::PeerClosed, now, delivery);
}

void PushEngine::connection_lost(Error error, Time now, Delivery delivery) noexcept {
  link_.open = false;
  report(Event::ConnectionLost, now, delivery, std::move(error));
}

void PushEngine::tick(Time now, Delivery delivery) noexcept {
  in_.now = now;
  if (now < deadline()) {
    in_.delivery = delivery;
    return;
  }
  // A rollover or a new connection on the way to the end has no more time than the end itself.
  const bool too_late = end_overdue() && state_ != State::Ending;
  report(too_late ? Event::EndOverdue : Event::TimedOut, now, delivery);
}

// ---------------------------------------------------------------------------------------------
// What the owner has to do

PushWant PushEngine::wants() const {
  if (admission_.asking() && !over()) return Want::Consult;
  switch (state_) {
    case State::Connecting:
    case State::Reconnecting:
      return admission_.unprepared() ? Want::Consult : Want::Connect;
    case State::Preparing:
      return Want::Consult;
    case State::Waiting:
      return Want::Wait;
    case State::Idle:
      return Want::Nothing;
    case State::Ended:
    case State::Failed:
      return link_.open ? Want::Close : Want::Nothing;
    case State::SettingUp:
    case State::Authorizing:
    case State::RollingOver:
    case State::Ending:
      return link_.out.empty() ? Want::Receive : Want::Send;
    case State::Ready:
    case State::Resuming:
    case State::Streaming:
    case State::Count:
      break;
  }
  return link_.out.empty() ? Want::Nothing : Want::Send;
}

Time PushEngine::deadline() const {
  const Time end = end_.asked ? end_.since + config_.end_timeout : Time::max();
  const Time sending = link_.progress + config_.send_timeout;
  const bool all_out = link_.out.empty();
  if (consulting()) return over() ? Time::max() : end;
  switch (state_) {
    case State::SettingUp:
    case State::Authorizing:
      return std::min(end, link_.waiting_since + config_.response_timeout);
    case State::RollingOver:
      return std::min(end, all_out ? link_.waiting_since + config_.rollover_timeout : sending);
    case State::Waiting:
      return std::min(end, recovery_.try_at());
    case State::Ready:
    case State::Resuming:
    case State::Streaming:
      return std::min(end, all_out ? Time::max() : sending);
    case State::Connecting:
    case State::Reconnecting:
    case State::Ending:
      return end;
    default:
      return Time::max();
  }
}

void PushEngine::take_route(std::optional<Destination> proxy, Authenticator* server_authenticator,
                            Authenticator* proxy_authenticator) {
  route_.go_through(std::move(proxy));
  admission_.take(server_authenticator, proxy_authenticator);
}

}  // namespace wmpush::wmhttp
