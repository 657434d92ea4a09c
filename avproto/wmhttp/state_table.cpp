// The table that reads like section 3.1 of the document: in a state, on an event, the engine moves
// on to a state and takes an action, which may find a reason to move elsewhere. What is not listed
// cannot happen, or is of no interest there.
#include <array>

#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {

struct StateTable {
  using E = PushEngine;
  using State = E::State;
  using Event = E::Event;
  struct Cell {
    State next = State::Count;
    E::Action action = &E::ignore;
  };
  static constexpr std::size_t kStates = static_cast<std::size_t>(State::Count);
  static constexpr std::size_t kEvents = static_cast<std::size_t>(Event::Count);
  using Cells = std::array<std::array<Cell, kEvents>, kStates>;

  static Cells make() {
    Cells cells{};
    const auto on = [&](State state, Event event, E::Action action, State next) {
      cells[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)] = {next, action};
    };
    using S = State;
    using V = Event;

    on(S::Idle, V::Start, &E::want_connection, S::Connecting);
    on(S::Idle, V::Header, &E::invalid, S::Idle);
    on(S::Idle, V::Packet, &E::no_connection, S::Idle);
    on(S::Idle, V::End, &E::no_connection, S::Idle);

    on(S::Connecting, V::Connected, &E::send_setup, S::SettingUp);
    on(S::Connecting, V::ConnectFailed, &E::fail_to_connect, S::Failed);
    on(S::Connecting, V::Header, &E::invalid, S::Connecting);
    on(S::Connecting, V::Packet, &E::invalid, S::Connecting);
    on(S::Connecting, V::End, &E::no_connection, S::Connecting);
    on(S::Connecting, V::Disconnect, &E::hang_up, S::Ended);

    on(S::SettingUp, V::Accepted, &E::accept_session, S::Ready);
    on(S::SettingUp, V::Redirected, &E::follow_redirect, S::Connecting);
    on(S::SettingUp, V::ProxyNamed, &E::take_named_proxy, S::Connecting);
    on(S::SettingUp, V::Challenged, &E::answer_setup_challenge, S::SettingUp);
    on(S::SettingUp, V::Refused, &E::refuse_setup, S::Failed);
    on(S::SettingUp, V::Malformed, &E::report_malformed, S::Failed);
    on(S::SettingUp, V::PeerClosed, &E::lose_setup, S::Failed);
    on(S::SettingUp, V::ConnectionLost, &E::lose_setup, S::Failed);
    on(S::SettingUp, V::TimedOut, &E::setup_unanswered, S::Failed);
    on(S::SettingUp, V::Header, &E::invalid, S::SettingUp);
    on(S::SettingUp, V::Packet, &E::invalid, S::SettingUp);
    on(S::SettingUp, V::End, &E::no_connection, S::SettingUp);
    on(S::SettingUp, V::Disconnect, &E::hang_up, S::Ended);

    on(S::Ready, V::Header, &E::start_stream, S::Streaming);
    on(S::Ready, V::Packet, &E::invalid, S::Ready);
    on(S::Ready, V::End, &E::end_without_stream, S::Ready);
    on(S::Ready, V::Redirected, &E::refuse_stream, S::Failed);
    on(S::Ready, V::ProxyNamed, &E::refuse_stream, S::Failed);
    on(S::Ready, V::Challenged, &E::refuse_stream, S::Failed);
    on(S::Ready, V::Refused, &E::refuse_stream, S::Failed);
    on(S::Ready, V::Malformed, &E::forget_connection, S::Ready);
    on(S::Ready, V::PeerClosed, &E::forget_connection, S::Ready);
    on(S::Ready, V::ConnectionLost, &E::forget_connection, S::Ready);
    on(S::Ready, V::TimedOut, &E::forget_connection, S::Ready);  // for the rest of the PushSetup
    on(S::Ready, V::Disconnect, &E::hang_up, S::Ended);

    on(S::Reconnecting, V::Connected, &E::stream_on_new_connection, S::Streaming);
    on(S::Reconnecting, V::ConnectFailed, &E::fail_to_connect, S::Failed);
    on(S::Reconnecting, V::Header, &E::invalid, S::Reconnecting);
    on(S::Reconnecting, V::Packet, &E::invalid, S::Reconnecting);
    on(S::Reconnecting, V::End, &E::invalid, S::Reconnecting);
    on(S::Reconnecting, V::Disconnect, &E::hang_up, S::Ended);

    on(S::Authorizing, V::Challenged, &E::answer_round, S::Authorizing);
    on(S::Authorizing, V::Accepted, &E::skip_rounds, S::Authorizing);
    on(S::Authorizing, V::Redirected, &E::refuse_stream, S::Failed);
    on(S::Authorizing, V::ProxyNamed, &E::refuse_stream, S::Failed);
    on(S::Authorizing, V::Refused, &E::refuse_stream, S::Failed);
    on(S::Authorizing, V::Malformed, &E::report_malformed, S::Failed);
    on(S::Authorizing, V::PeerClosed, &E::lose_stream, S::Failed);
    on(S::Authorizing, V::ConnectionLost, &E::lose_stream, S::Failed);
    on(S::Authorizing, V::TimedOut, &E::round_unanswered, S::Failed);
    on(S::Authorizing, V::Header, &E::invalid, S::Authorizing);
    on(S::Authorizing, V::Packet, &E::invalid, S::Authorizing);
    on(S::Authorizing, V::End, &E::invalid, S::Authorizing);
    on(S::Authorizing, V::Disconnect, &E::hang_up, S::Ended);

    on(S::Waiting, V::TimedOut, &E::connect_again, S::Reconnecting);
    on(S::Waiting, V::Header, &E::invalid, S::Waiting);
    on(S::Waiting, V::Packet, &E::invalid, S::Waiting);
    on(S::Waiting, V::End, &E::end_later, S::Waiting);
    on(S::Waiting, V::Disconnect, &E::hang_up, S::Ended);

    for (const State body : {S::Streaming, S::Resuming}) {
      on(body, V::Header, &E::next_entry, body);
      on(body, V::Packet, &E::send_packet, body);
      on(body, V::End, &E::end_stream, body);
      on(body, V::Accepted, &E::remember_acceptance, body);
      on(body, V::Redirected, &E::refuse_stream, S::Failed);
      on(body, V::ProxyNamed, &E::refuse_stream, S::Failed);
      on(body, V::Challenged, &E::answer_stream_challenge, body);
      on(body, V::Refused, &E::refuse_stream, S::Failed);
      on(body, V::Malformed, &E::report_malformed, S::Failed);
      on(body, V::PeerClosed, &E::lose_stream, S::Failed);
      on(body, V::ConnectionLost, &E::lose_stream, S::Failed);
      on(body, V::TimedOut, &E::stalled, S::Failed);
      on(body, V::Disconnect, &E::hang_up, S::Ended);
    }

    on(S::RollingOver, V::Accepted, &E::next_push_start, S::Streaming);
    on(S::RollingOver, V::Redirected, &E::refuse_stream, S::Failed);
    on(S::RollingOver, V::ProxyNamed, &E::refuse_stream, S::Failed);
    on(S::RollingOver, V::Challenged, &E::answer_stream_challenge, S::RollingOver);
    on(S::RollingOver, V::Refused, &E::refuse_stream, S::Failed);
    on(S::RollingOver, V::Malformed, &E::report_malformed, S::Failed);
    on(S::RollingOver, V::PeerClosed, &E::lose_rollover, S::Failed);
    on(S::RollingOver, V::ConnectionLost, &E::lose_rollover, S::Failed);
    on(S::RollingOver, V::TimedOut, &E::renew_session, S::Connecting);
    on(S::RollingOver, V::Header, &E::invalid, S::RollingOver);
    on(S::RollingOver, V::Packet, &E::invalid, S::RollingOver);
    on(S::RollingOver, V::End, &E::invalid, S::RollingOver);
    on(S::RollingOver, V::Disconnect, &E::hang_up, S::Ended);

    on(S::Ending, V::Accepted, &E::finish, S::Ended);
    on(S::Ending, V::PeerClosed, &E::finish, S::Ended);
    on(S::Ending, V::Redirected, &E::finish_after_answer, S::Ended);
    on(S::Ending, V::ProxyNamed, &E::finish_after_answer, S::Ended);
    on(S::Ending, V::Challenged, &E::answer_stream_challenge, S::Ending);
    on(S::Ending, V::Refused, &E::finish_after_answer, S::Ended);
    on(S::Ending, V::Malformed, &E::report_malformed, S::Failed);
    on(S::Ending, V::ConnectionLost, &E::lose_stream, S::Failed);
    on(S::Ending, V::TimedOut, &E::finish_when_taken, S::Ended);
    on(S::Ending, V::Header, &E::invalid, S::Ending);
    on(S::Ending, V::Packet, &E::invalid, S::Ending);
    on(S::Ending, V::End, &E::no_connection, S::Ending);
    on(S::Ending, V::Disconnect, &E::hang_up, S::Ended);

    for (const State begun :
         {S::Connecting, S::SettingUp, S::Ready, S::Reconnecting, S::Authorizing, S::Waiting,
          S::Resuming, S::Streaming, S::RollingOver, S::Ending, S::Ended, S::Failed})
      on(begun, V::Start, &E::invalid, begun);
    for (const State over : {S::Ended, S::Failed}) {
      on(over, V::Header, &E::no_connection, over);
      on(over, V::Packet, &E::no_connection, over);
      on(over, V::End, &E::no_connection, over);
    }
    on(S::Failed, V::End, &E::end_after_loss, S::Ended);
    return cells;
  }

  static const Cell& at(State state, Event event) {
    // Not constexpr: g++ 12 then leaves some of the pointers to members null.
    static const Cells kCells = make();
    return kCells[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
  }
};

void PushEngine::dispatch(Event event) {
  const StateTable::Cell& cell = StateTable::at(state_, event);
  if (cell.next == State::Count) return;
  state_ = cell.next;
  (this->*cell.action)();
}

}  // namespace wmpush::wmhttp
