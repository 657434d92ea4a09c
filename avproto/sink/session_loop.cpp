// The loop between what the engine wants and what the transport can do.
#include <algorithm>

#include "core/failure.hpp"
#include "sink/session.hpp"

namespace wmpush {
namespace {

using wmhttp::Clock;
using wmhttp::PushEngine;
using wmhttp::Time;
using State = PushEngine::State;
using Want = PushEngine::Want;
using Readiness = net::Transport::Readiness;

/// How long a connection that the peer has closed may take to confirm what it got.
constexpr std::chrono::seconds kSettle{2};
/// How long an answer to the $E, or a close, is waited for when the peer has visibly taken
/// everything: long enough for a look at its window, which is asked for each second.
constexpr std::chrono::seconds kConfirmation{2};
/// Afterwards, how long until the next look.
constexpr std::chrono::milliseconds kNextLook{250};
/// How long a call may take that does not wait for the network.
constexpr std::chrono::milliseconds kShortCall{1};
/// How soon behind a look at what the peer says another one is worth its time.
constexpr std::chrono::milliseconds kLookAgain{1};
/// Bytes of the peer's that are taken in one turn, at the least unless there are no more: between
/// two turns there is time for deadlines and interrupts, and for the program.
constexpr std::size_t kTurn = 65536;

Error interrupted() {
  return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted: what was not sent yet is lost"};
}

}  // namespace

/// Looks after the connection until `until`, and no longer: not even for a connection that is to be
/// made again.
Error PushSink::Session::watch(Time until) {
  struct Limit {
    Time& ends;
    ~Limit() { ends = Time::max(); }
  } const limit{call_ends_};
  call_ends_ = until;
  static_cast<void>(drive(Until::Waiting));  // over() tells a failure
  while (!over() && !time_is_up()) {
    if (engine_->wants() == Want::Wait) {
      wait_for_next_try(until);
    } else {
      const bool connected = engine_->connected_now();
      switch (connected ? transport_->wait(false, until) : transport_->pause(until)) {
        case Readiness::Ready:
          look();
          break;
        case Readiness::TimedOut:
          break;
        case Readiness::Interrupted:
          engine_->abandon(interrupted(), delivery());
          break;
      }
    }
    static_cast<void>(drive(Until::Waiting));
  }
  return drive(Until::Waiting);
}

/// Does what the engine wants until there is nothing more, or, when that is asked for, until there
/// is nothing to do but to wait for the next try to connect.
Error PushSink::Session::drive(Until until) {
  while (true) {
    // A peer that still reads is not to get what will be sent again.
    if (engine_->wants() == Want::Wait) transport_->reset();
    report_notes();
    const Want want = engine_->wants();
    if (want != Want::Nothing && want != Want::Close && time_is_up()) return {};
    switch (want) {
      case Want::Nothing:
        return engine_is(State::Failed) ? copy_of(engine_->error()) : Error{};
      case Want::Connect:
        make_connection();
        break;
      case Want::Send:
        send_outgoing();
        break;
      case Want::Receive:
        receive_waiting();
        break;
      case Want::Wait:
        if (until == Until::Waiting) return {};
        wait_for_next_try(Time::max());
        break;
      case Want::Close:
        transport_->close();
        engine_->closed();
        break;
    }
  }
}

/// Behind the program's data: sends what there is to send. Where the caller is not to wait for the
/// network, only as much as goes at once, and what else waits to be done is done as far as it can.
Error PushSink::Session::move_on() {
  if (!congestion_) return drive();
  struct Limit {
    Time& ends;
    ~Limit() { ends = Time::max(); }
  } const limit{call_ends_};
  call_ends_ = Clock::now() + kShortCall;
  Error error = drive(Until::Waiting);
  if (error || over() || engine_->wants() != Want::Wait) return error;
  wait_for_next_try(call_ends_);
  return drive(Until::Waiting);
}

/// Between the program's data: what the server has said or done meanwhile, and what it asks for.
Error PushSink::Session::attend() {
  look();
  return move_on();
}

void PushSink::Session::make_connection() {
  settling_until_.reset();
  silence_until_.reset();
  const bool begins = !connecting_until_;
  if (begins)
    if (Error error = follow_engine())
      return engine_->connect_failed(std::move(error), Clock::now());
  const wmhttp::Destination& to = engine_->destination();
  if (begins) {
    connecting_until_ =
        std::min(Clock::now() + std::chrono::microseconds(effective_->get().connect_timeout),
                 engine_->deadline());
    log_.write(WMPUSH_LOG_VERBOSE, where_ + ": connecting to " + (proxy_ ? "the proxy " : "") +
                                       to.host + " port " + std::to_string(to.port));
    transport_->close();
  }
  bool unfinished = false;
  Error error = transport_->connect(to.host, to.port, *connecting_until_, call_ends_, unfinished);
  if (unfinished) return;
  connecting_until_.reset();
  if (error)
    return engine_->connect_failed(
        proxy_ ? unreachable(*proxy_, std::move(error)) : std::move(error), Clock::now());
  info_.address = transport_->peer();
  engine_->connected(Clock::now());
}

void PushSink::Session::send_outgoing() {
  std::size_t count = 0;
  const Time before = Clock::now();
  if (Error lost = transport_->send(engine_->outgoing(), count, before)) {
    look();  // an answer that came before the loss says more than an errno
    if (!engine_->connected_now() || over() || !settle_loss()) return;
    return engine_->connection_lost(std::move(lost), Clock::now(), delivery());
  }
  if (count > 0) {
    counters_.bytes_sent += count;
    engine_->sent(count, before);
    if (engine_->wants_delivery()) engine_->delivered(delivery());
    // Where packets come faster than any answer would be acted upon, not behind each of them.
    if (before >= last_look_ + kLookAgain || engine_is(State::Ending)) look();
    return;
  }
  const Readiness readiness = transport_->wait(true, std::min(engine_->deadline(), call_ends_));
  const Time after = Clock::now();
  counters_.stall_time +=
      std::chrono::duration_cast<std::chrono::microseconds>(after - before).count();
  switch (readiness) {
    case Readiness::Ready:
      look();
      [[fallthrough]];  // a peer that always has something to say gets no more time for it
    case Readiness::TimedOut:
      return engine_->tick(Clock::now(), delivery());
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

void PushSink::Session::receive_waiting() {
  Time until = std::min(engine_->deadline(), call_ends_);
  if (engine_is(State::Ending)) {
    if (!silence_until_) {
      silence_until_ = Clock::now() + kConfirmation;
      transport_->ask_for_window();
    }
    until = std::min(until, *silence_until_);
  }
  switch (transport_->wait(false, until)) {
    case Readiness::Ready:
      look();
      [[fallthrough]];  // as above
    case Readiness::TimedOut:
      engine_->tick(Clock::now(), delivery());
      return take_silence();
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

/// An end that everything speaks for but the peer itself need not be waited for any longer.
void PushSink::Session::take_silence() {
  if (!engine_is(State::Ending) || !silence_until_ || Clock::now() < *silence_until_) return;
  const wmhttp::Delivery now = delivery();
  if (now.unacknowledged == 0 && now.surely_unread == 0)
    return engine_->take_silence(Clock::now(), now);
  silence_until_ = Clock::now() + kNextLook;
}

void PushSink::Session::wait_for_next_try(Time until) {
  switch (transport_->pause(std::min({until, call_ends_, engine_->deadline()}))) {
    case Readiness::Ready:
    case Readiness::TimedOut:
      return engine_->tick(Clock::now());
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

bool PushSink::Session::time_is_up() const {
  return call_ends_ != Time::max() && Clock::now() >= call_ends_;
}

/// Waits until what was sent is confirmed, and says how that ended. False: it has not, but the call
/// has to return, and a later one goes on.
bool PushSink::Session::settle(Time until, Error& lost, Readiness& end) {
  if (!settling_until_) settling_until_ = until;
  end = transport_->settle(std::min(*settling_until_, call_ends_), lost);
  if (end == Readiness::TimedOut && Clock::now() < *settling_until_) return false;
  settling_until_.reset();
  return true;
}

/// What is on its way may still arrive, and is then not to be sent again. False: see settle().
bool PushSink::Session::settle_loss() {
  Error ignored;
  Readiness any;
  return effective_->get().reconnect == 0 || settle(Clock::now() + kSettle, ignored, any);
}

wmhttp::Delivery PushSink::Session::delivery() const {
  return {transport_->unacknowledged(), transport_->unread_limit(), transport_->surely_unread()};
}

/// Hands in what the peer has sent or done, without waiting for anything: all of it, or a turn's
/// share where a peer sends without end.
void PushSink::Session::look() {
  last_look_ = Clock::now();
  std::size_t taken = 0;
  while (engine_->connected_now() && !over() && taken < kTurn) {
    Bytes received;
    bool closed = false;
    Error lost = transport_->receive(received, closed);
    if (closed && (engine_is(State::Ending) || effective_->get().reconnect != 0)) {
      // What the peer took shows a moment later, and so does a close before everything was read.
      const Time until = engine_is(State::Ending)
                             ? engine_->deadline()
                             : std::min(engine_->deadline(), Clock::now() + kSettle);
      Readiness end;
      if (!settle(until, lost, end)) return;
      switch (end) {
        case Readiness::Ready:
          break;
        case Readiness::TimedOut:
          if (!engine_is(State::Ending)) break;
          return engine_->tick(Clock::now(), delivery());
        case Readiness::Interrupted:
          return engine_->abandon(interrupted(), delivery());
      }
    }
    if (lost) {
      if (!settle_loss()) return;
      return engine_->connection_lost(std::move(lost), Clock::now(), delivery());
    }
    if (closed) return engine_->peer_closed(Clock::now(), delivery());
    if (received.empty()) return;
    taken += received.size();
    engine_->received(received, Clock::now(), delivery());
  }
}

void PushSink::Session::report_notes() {
  for (const PushEngine::Note& note : engine_->take_notes())
    log_.write(note.level, where_ + ": " + note.text);
}

}  // namespace wmpush
