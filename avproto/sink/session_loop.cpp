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

Error interrupted() {
  return {Result::NS_E_SHUTDOWN, 0, 0, "interrupted: what was not sent yet is lost"};
}

}  // namespace

/// Looks after the connection until `until`, and no longer: not even for a connection that is to be
/// made again.
Error PushSink::Session::watch(Time until) {
  while (!over() && Clock::now() < until) {
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
    static_cast<void>(drive(Until::Waiting));  // over() tells a failure
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
    switch (engine_->wants()) {
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

/// Between the program's data: what the server has said or done meanwhile, and what it asks for.
Error PushSink::Session::attend() {
  look();
  return drive();
}

void PushSink::Session::make_connection() {
  if (Error error = follow_engine()) return engine_->connect_failed(std::move(error), Clock::now());
  const wmhttp::Destination& to = engine_->destination();
  const Time limit =
      std::min(Clock::now() + std::chrono::microseconds(effective_->get().connect_timeout),
               engine_->deadline());
  log_.write(WMPUSH_LOG_VERBOSE, where_ + ": connecting to " + (proxy_ ? "the proxy " : "") +
                                     to.host + " port " + std::to_string(to.port));
  if (Error error = transport_->connect(to.host, to.port, limit))
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
    if (!engine_->connected_now()) return;
    settle_loss();
    return engine_->connection_lost(std::move(lost), Clock::now(), delivery());
  }
  if (count > 0) {
    counters_.bytes_sent += count;
    engine_->sent(count, before);
    if (engine_->wants_delivery()) engine_->delivered(delivery());
    return look();
  }
  const Readiness readiness = transport_->wait(true, engine_->deadline());
  const Time after = Clock::now();
  counters_.stall_time +=
      std::chrono::duration_cast<std::chrono::microseconds>(after - before).count();
  switch (readiness) {
    case Readiness::Ready:
      return look();
    case Readiness::TimedOut:
      return engine_->tick(after, delivery());
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

void PushSink::Session::receive_waiting() {
  switch (transport_->wait(false, engine_->deadline())) {
    case Readiness::Ready:
      return look();
    case Readiness::TimedOut:
      return engine_->tick(Clock::now(), delivery());
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

void PushSink::Session::wait_for_next_try(Time until) {
  switch (transport_->pause(std::min(until, engine_->deadline()))) {
    case Readiness::Ready:
    case Readiness::TimedOut:
      return engine_->tick(Clock::now());
    case Readiness::Interrupted:
      return engine_->abandon(interrupted(), delivery());
  }
}

/// What is on its way may still arrive, and is then not to be sent again.
void PushSink::Session::settle_loss() {
  Error ignored;
  if (effective_->get().reconnect != 0)
    static_cast<void>(transport_->settle(Clock::now() + kSettle, ignored));
}

wmhttp::Delivery PushSink::Session::delivery() const {
  return {transport_->unacknowledged(), transport_->unread_limit()};
}

/// Hands in whatever the peer has sent or done, without waiting for anything.
void PushSink::Session::look() {
  while (engine_->connected_now() && !over()) {
    Bytes received;
    bool closed = false;
    Error lost = transport_->receive(received, closed);
    if (closed && (engine_is(State::Ending) || effective_->get().reconnect != 0)) {
      // What the peer took shows a moment later, and so does a close before everything was read.
      const Time until = engine_is(State::Ending)
                             ? engine_->deadline()
                             : std::min(engine_->deadline(), Clock::now() + kSettle);
      switch (transport_->settle(until, lost)) {
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
      settle_loss();
      return engine_->connection_lost(std::move(lost), Clock::now(), delivery());
    }
    if (closed) return engine_->peer_closed(Clock::now(), delivery());
    if (received.empty()) return;
    engine_->received(received, Clock::now(), delivery());
  }
}

void PushSink::Session::report_notes() {
  for (const PushEngine::Note& note : engine_->take_notes())
    log_.write(note.level, where_ + ": " + note.text);
}

}  // namespace wmpush
