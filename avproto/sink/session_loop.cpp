// The loop between what the engine wants and what the connection can do.
#include <algorithm>
#include <array>

#include "core/failure.hpp"
#include "sink/session.hpp"

namespace wmpush {
namespace {

using net::Clock;
using net::Time;
using wmhttp::PushEngine;
using State = PushEngine::State;
using Want = PushEngine::Want;

/// How long a connection that the peer has closed may take to confirm what it got.
constexpr std::chrono::seconds kSettle{2};
/// Nothing wakes us up when an acknowledgement comes: how soon the next look is.
constexpr std::chrono::milliseconds kSettleLook{2};
/// How long an answer to the $E, or a close, is waited for when the peer has visibly taken
/// everything: long enough for a look at its window, which is asked for each second.
constexpr std::chrono::seconds kConfirmation{2};
/// Afterwards, how long until the next look.
constexpr std::chrono::milliseconds kNextLook{250};
/// How long one call goes on while there is always more to do.
constexpr std::chrono::milliseconds kShortCall{1};
/// How soon behind a look at what the peer says another one is worth its time.
constexpr std::chrono::milliseconds kLookAgain{1};
/// Bytes of the peer's that are taken in one turn, at the least unless there are no more: between
/// two turns there is time for deadlines, and for the program.
constexpr std::size_t kTurn = 65536;
/// Bytes that are received at once.
constexpr std::size_t kReceived = 16384;

}  // namespace

/// Does what the engine wants until something has to be waited for, or the call has taken long
/// enough; then says what became of the session.
Error Session::advance() {
  Time now = Clock::now();
  const Time until = now + kShortCall;
  more_to_do_ = false;
  while (true) {
    // A peer that still reads is not to get what will be sent again.
    if (engine_->wants() == Want::Wait) {
      end_stall(now);
      waits_ = {};
      dialer_.reset();
      connection_->reset();
    }
    const bool goes_on = step(now);
    if (!accepted_ && engine_is(State::Ready)) tell_of_acceptance();
    report_notes();
    if (!goes_on) break;
    now = Clock::now();
    more_to_do_ = now >= until;
    if (more_to_do_) break;
  }
  return outcome();
}

/// Does one thing. False: there is nothing to do but to wait.
bool Session::step(Time now) {
  switch (engine_->wants()) {
    case Want::Nothing:
      if (over()) {
        dialer_.reset();
        connection_->close();  // that was being made
        asking_.reset();
        return false;
      }
      if (!engine_->connected_now() || now < last_look_ + kLookAgain) return false;
      look();
      return engine_->wants() != Want::Nothing;
    case Want::Connect:
      return make_connection(now);
    case Want::Consult:
      return consult(now);
    case Want::Send:
      return send_outgoing(now);
    case Want::Receive:
      return receive_waiting(now);
    case Want::Wait:
      if (now < engine_->deadline()) return false;
      engine_->tick(now);
      return true;
    case Want::Close:
      connection_->close();
      engine_->closed();
      return true;
  }
  return false;
}

net::Wait Session::wait() {
  net::Wait wait;
  if (!engine_) return wait;
  const Want want = engine_->wants();
  switch (want) {
    case Want::Consult:
      if (asking_) wait = {asking_->descriptor(), net::kReadable, Time::max()};
      break;
    case Want::Connect:
      if (dialer_) wait = dialer_->wait();
      break;
    case Want::Send:
    case Want::Receive:
      wait = connection_->wait(want == Want::Send);
      break;
    case Want::Nothing:
      if (!over() && engine_->connected_now()) wait = connection_->wait(false);
      break;
    case Want::Wait:
    case Want::Close:
      break;
  }
  if (waits_.settling_until) wait = {kNoDescriptor, 0, Clock::now() + kSettleLook};
  wait.until = std::min(wait.until, engine_->deadline());
  if (want == Want::Receive && waits_.silence_until)
    wait.until = std::min(wait.until, *waits_.silence_until);
  if (more_to_do_ || want == Want::Close) wait.until = Time{};  // at once
  return wait;
}

// ---------------------------------------------------------------------------------------------
// To a connection, and who has to be asked before

bool Session::make_connection(Time now) {
  waits_ = {};
  Error error = dial(now);
  if (error) {
    dialer_.reset();
    engine_->connect_failed(std::move(error), now);
    return true;
  }
  if (dialer_->done()) {
    dialer_.reset();
    info_.address = connection_->peer();
    engine_->connected(now);
    return true;
  }
  engine_->tick(now);  // an end may have no more time
  return engine_->wants() != Want::Connect;
}

Error Session::dial(Time now) {
  if (!dialer_) {
    if (Error error = route_.follow(*engine_, log_)) return error;
    const std::optional<Proxy>& proxy = route_.proxy();
    info_.through_proxy = proxy.has_value();
    const wmhttp::Destination& to = engine_->destination();
    log_.write(WMPUSH_LOG_VERBOSE, "connecting to " + std::string(proxy ? "the proxy " : "") +
                                       to.host + " port " + std::to_string(to.port) +
                                       (!proxy && to.tls ? ", with TLS" : ""));
    const Time until = std::min(now + std::chrono::microseconds(effective_->get().connect_timeout),
                                engine_->deadline());
    dialer_ = std::make_unique<Dialer>(
        Dialer::Plan{route_.url().server, proxy, route_.proxy_authenticator(), product(),
                     route_.tls()},
        *connection_, until);
  }
  Error error = dialer_->perform(now);
  for (const auto& note : dialer_->take_notes()) log_.write(note.level, note.text);
  return error;
}

/// Tickets come from somewhere else, which takes its time: who gets them does it in a thread.
bool Session::consult(Time now) {
  if (!asking_) {
    const std::shared_ptr<wmhttp::Question> question = engine_->question();
    if (!question) return false;
    // Where there is no thread, it is worth the wait.
    asking_ = net::Task::start_or_do("authenticating",
                                     [question, server = route_.authenticator(),
                                      proxy = route_.proxy_authenticator()] { question->ask(); });
  }
  if (!asking_ || asking_->done()) {
    asking_.reset();
    engine_->answered(now);
    return true;
  }
  engine_->tick(now, delivery());
  return engine_->wants() != Want::Consult;
}

// ---------------------------------------------------------------------------------------------
// Out and in

bool Session::send_outgoing(Time now) {
  // A few bytes may find room where poll() sees none: that is no progress of the peer's.
  if (waits_.stalled_since && now >= engine_->deadline() && !connection_->writable()) {
    end_stall(now);
    look();
    engine_->tick(now, delivery());
    return true;
  }
  std::size_t count = 0;
  if (Error lost = connection_->send(engine_->outgoing(), count, now)) {
    end_stall(now);
    look();  // an answer that came before the loss says more than an errno
    if (!engine_->connected_now() || over()) return true;
    if (!loss_settled()) return false;
    engine_->connection_lost(std::move(lost), now, delivery());
    return true;
  }
  if (count > 0) {
    end_stall(now);
    counters_.bytes_sent += count;
    engine_->sent(count, now);
    if (engine_->wants_delivery()) engine_->delivered(delivery());
    // Where packets come faster than any answer would be acted upon, not behind each of them.
    if (now >= last_look_ + kLookAgain || engine_is(State::Ending)) look();
    return true;
  }
  if (!waits_.stalled_since) waits_.stalled_since = now;
  const State before = engine_->state();
  look();
  engine_->tick(now, delivery());
  if (engine_->wants() != Want::Send) end_stall(now);
  return engine_->wants() != Want::Send || engine_->state() != before;
}

void Session::end_stall(Time now) {
  if (!waits_.stalled_since) return;
  counters_.stall_time +=
      std::chrono::duration_cast<std::chrono::microseconds>(now - *waits_.stalled_since);
  waits_.stalled_since.reset();
}

bool Session::receive_waiting(Time now) {
  if (engine_is(State::Ending) && !waits_.silence_until) {
    waits_.silence_until = now + kConfirmation;
    connection_->ask_for_window();
  }
  const State before = engine_->state();
  look();
  engine_->tick(now, delivery());
  return take_silence(now) || engine_->wants() != Want::Receive || engine_->state() != before;
}

/// An end that everything speaks for but the peer itself need not be waited for any longer.
bool Session::take_silence(Time now) {
  if (!engine_is(State::Ending) || !waits_.silence_until || now < *waits_.silence_until)
    return false;
  const wmhttp::Delivery delivered = delivery();
  if (delivered.unacknowledged == 0 && delivered.surely_unread == 0) {
    engine_->take_silence(now, delivered);
    return true;
  }
  waits_.silence_until = now + kNextLook;
  return false;
}

/// Whether what was sent is confirmed, or will not be: `until` is how long that may take. False: it
/// is to be looked at again.
bool Session::settled(Time until, Error& lost) {
  if (!waits_.settling_until) waits_.settling_until = until;
  if (!connection_->settled(lost) && Clock::now() < *waits_.settling_until) return false;
  waits_.settling_until.reset();
  return true;
}

/// What is on its way may still arrive, and is then not to be sent again.
bool Session::loss_settled() {
  Error ignored;
  return effective_->get().reconnect == 0 || settled(Clock::now() + kSettle, ignored);
}

wmhttp::Delivery Session::delivery() {
  if (!connection_->open()) return {};
  return {connection_->unacknowledged(), connection_->unread_limit(), connection_->surely_unread()};
}

/// Hands in what the peer has sent or done: all of it, or a turn's share where a peer sends without
/// end.
void Session::look() {
  std::array<std::byte, kReceived> buffer;
  last_look_ = Clock::now();
  std::size_t taken = 0;
  while (engine_->connected_now() && !over() && engine_->wants() != Want::Consult &&
         taken < kTurn) {
    Bytes received;
    bool closed = false;
    Error lost = connection_->receive(buffer, received, closed);
    if (closed && (engine_is(State::Ending) || effective_->get().reconnect != 0)) {
      // What the peer took shows a moment later, and so does a close before everything was read.
      const Time until = engine_is(State::Ending)
                             ? engine_->deadline()
                             : std::min(engine_->deadline(), Clock::now() + kSettle);
      if (!settled(until, lost)) return;
      if (engine_is(State::Ending) && !lost && connection_->unacknowledged() > 0)
        return engine_->tick(Clock::now(), delivery());
    }
    if (lost) {
      if (!loss_settled()) return;
      return engine_->connection_lost(std::move(lost), Clock::now(), delivery());
    }
    if (closed) return engine_->peer_closed(Clock::now(), delivery());
    if (received.empty()) return;
    taken += received.size();
    engine_->received(received, Clock::now(), delivery());
  }
}

void Session::report_notes() {
  for (const PushEngine::Note& note : engine_->take_notes()) log_.write(note.level, note.text);
}

}  // namespace wmpush
