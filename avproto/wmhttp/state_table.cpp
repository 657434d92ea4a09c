// The table that reads like section 3.1 of the document: in a state, on an event, the engine takes
// an action, and the action says which state follows. Here and nowhere else a state is set, but for
// an exception, after which every session is Failed.
#include <array>
#include <cassert>
#include <initializer_list>

#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {

struct StateTable {
  using E = PushActions;
  using S = PushState;
  using V = PushEvent;
  static constexpr std::size_t kStates = static_cast<std::size_t>(S::Count);
  static constexpr std::size_t kEvents = static_cast<std::size_t>(V::Count);
  using Cells = std::array<std::array<E::Action, kEvents>, kStates>;

  static Cells make() {
    Cells cells{};
    const auto on = [&](std::initializer_list<S> states, std::initializer_list<V> events,
                        E::Action action) {
      for (const S state : states)
        for (const V event : events) {
          E::Action& cell = cells[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
          assert(cell == nullptr && "declared twice");
          cell = action;
        }
    };

    // To a session (3.1.4.1, 3.1.5.1).
    on({S::Idle}, {V::Start}, &E::want_connection);
    on({S::Connecting}, {V::Connected}, &E::send_setup);
    on({S::Connecting, S::Reconnecting}, {V::ConnectFailed}, &E::fail_to_connect);
    on({S::SettingUp}, {V::Accepted}, &E::accept_session);
    on({S::SettingUp}, {V::Redirected}, &E::follow_redirect);
    on({S::SettingUp}, {V::ProxyNamed}, &E::take_named_proxy);
    on({S::SettingUp}, {V::Challenged}, &E::answer_setup_challenge);
    on({S::SettingUp}, {V::Answered}, &E::setup_answered);
    on({S::SettingUp}, {V::Refused}, &E::refuse_setup);
    on({S::SettingUp}, {V::PeerClosed, V::ConnectionLost}, &E::lose_setup);
    on({S::SettingUp}, {V::TimedOut}, &E::setup_unanswered);
    // A session that waits for its stream may lose its connection.
    on({S::Ready}, {V::Header}, &E::start_stream);
    on({S::Ready}, {V::Malformed, V::PeerClosed, V::ConnectionLost, V::TimedOut},
       &E::forget_connection);

    // PushStart on a new connection, with the rounds that a proxy needs there (3.1.4.2.1).
    on({S::Reconnecting}, {V::Connected}, &E::stream_on_new_connection);
    on({S::Preparing}, {V::Answered}, &E::begin_push_start);
    on({S::Authorizing}, {V::Challenged}, &E::answer_round);
    on({S::Authorizing}, {V::Answered}, &E::round_answered);
    on({S::Authorizing}, {V::Accepted}, &E::skip_rounds);
    on({S::Authorizing}, {V::TimedOut}, &E::round_unanswered);

    // Inside of a PushStart (3.1.4.2, 3.1.4.5).
    on({S::Streaming, S::Resuming}, {V::Header}, &E::next_entry);
    on({S::Streaming, S::Resuming}, {V::Packet}, &E::send_packet);
    on({S::Streaming, S::Resuming}, {V::End}, &E::end_stream);
    on({S::Streaming, S::Resuming}, {V::Drained}, &E::drained);
    on({S::Streaming, S::Resuming}, {V::Accepted}, &E::remember_acceptance);
    on({S::Streaming, S::Resuming}, {V::TimedOut}, &E::stalled);

    // The stream goes on while nothing of it can be sent.
    on({S::Connecting, S::SettingUp, S::Preparing, S::Reconnecting, S::Authorizing, S::Waiting,
        S::RollingOver},
       {V::Packet}, &E::keep_packet);
    on({S::Connecting, S::SettingUp, S::Preparing, S::Reconnecting, S::Authorizing, S::Waiting,
        S::RollingOver},
       {V::Header}, &E::keep_header);
    on({S::Connecting, S::SettingUp, S::Preparing, S::Reconnecting, S::Authorizing, S::Waiting,
        S::RollingOver},
       {V::End}, &E::end_later);

    // Between two (3.1.4.3).
    on({S::RollingOver}, {V::Accepted}, &E::next_push_start);
    on({S::RollingOver}, {V::Drained}, &E::rolled_over);
    on({S::RollingOver}, {V::TimedOut}, &E::renew_session);
    on({S::RollingOver}, {V::PeerClosed, V::ConnectionLost}, &E::lose_rollover);

    // What else a server may say to a stream (3.1.5.2), and how a connection ends.
    on({S::Streaming, S::Resuming, S::RollingOver, S::Ending}, {V::Challenged},
       &E::answer_stream_challenge);
    on({S::Streaming, S::Resuming, S::RollingOver, S::Ending}, {V::Answered}, &E::stream_answered);
    on({S::Ready, S::Authorizing, S::Streaming, S::Resuming, S::RollingOver},
       {V::Redirected, V::ProxyNamed, V::Refused}, &E::refuse_stream);
    on({S::Ready}, {V::Challenged}, &E::refuse_stream);
    on({S::Preparing, S::Authorizing, S::Streaming, S::Resuming},
       {V::PeerClosed, V::ConnectionLost}, &E::lose_stream);

    // The end (3.1.4.4).
    on({S::Ending}, {V::Drained}, &E::end_sent);
    on({S::Ending}, {V::Accepted, V::PeerClosed}, &E::finish);
    on({S::Ending}, {V::Redirected, V::ProxyNamed, V::Refused}, &E::finish_after_answer);
    on({S::Ending}, {V::ConnectionLost}, &E::lose_stream);
    on({S::Ending}, {V::TimedOut}, &E::finish_when_taken);
    on({S::Ending}, {V::Abandoned}, &E::abandon_end);
    on({S::Failed}, {V::End}, &E::end_after_loss);

    // After a loss (2.2.2.2, 3.2.7.1).
    on({S::Waiting}, {V::TimedOut}, &E::connect_again);

    // From anywhere.
    on({S::SettingUp, S::Authorizing, S::Streaming, S::Resuming, S::RollingOver, S::Ending},
       {V::Malformed}, &E::report_malformed);
    on({S::SettingUp, S::Ready, S::Authorizing, S::Streaming, S::Resuming, S::RollingOver,
        S::Ending},
       {V::Excessive}, &E::refuse_excess);
    on({S::Connecting, S::SettingUp, S::Ready, S::Preparing, S::Reconnecting, S::Authorizing,
        S::Waiting, S::Streaming, S::Resuming, S::RollingOver},
       {V::EndOverdue}, &E::end_too_late);
    on({S::Idle, S::Connecting, S::SettingUp, S::Ready, S::Preparing, S::Reconnecting,
        S::Authorizing, S::Waiting, S::Streaming, S::Resuming, S::RollingOver},
       {V::Abandoned}, &E::give_up);
    on({S::Connecting, S::SettingUp, S::Ready, S::Preparing, S::Reconnecting, S::Authorizing,
        S::Waiting, S::Streaming, S::Resuming, S::RollingOver, S::Ending},
       {V::Disconnect}, &E::hang_up);

    // What changes nothing: a second answer to a PushSetup, requests that are out, and what comes
    // when it is too late, or before the connection is made.
    on({S::Ready}, {V::Accepted}, &E::nothing);
    on({S::SettingUp, S::Ready, S::Preparing, S::Authorizing}, {V::Drained}, &E::nothing);
    on({S::Idle, S::Connecting, S::Ready, S::Reconnecting, S::Waiting}, {V::Answered}, &E::nothing);
    on({S::Idle}, {V::Disconnect}, &E::nothing);
    on({S::Ended, S::Failed}, {V::Disconnect, V::Abandoned}, &E::nothing);
    on({S::Idle, S::Connecting, S::Reconnecting, S::Waiting, S::Ended, S::Failed},
       {V::PeerClosed, V::ConnectionLost, V::Drained}, &E::nothing);
    on({S::Connecting, S::Reconnecting}, {V::TimedOut}, &E::nothing);
    on({S::Ended, S::Failed}, {V::Connected, V::ConnectFailed}, &E::nothing);
    return cells;
  }

  static E::Action at(S state, V event) {
    // Not constexpr: g++ 12 then leaves some of the pointers to members null.
    static const Cells kCells = make();
    return kCells[static_cast<std::size_t>(state)][static_cast<std::size_t>(event)];
  }
};

void PushEngine::dispatch(Event event) {
  const Action action = StateTable::at(state_, event);
  assert(action != nullptr && "no action is declared for this state and event");
  state_ = action != nullptr ? (this->*action)()
                             : fail({Result::E_FAIL, 0, 0,
                                     "something came up that cannot happen while the session is " +
                                         std::string(name(state_)) + ": please report it"});
}

Error PushEngine::not_now(Event call) const {
  const auto invalid = [&] {
    return Error{Result::NS_E_INVALID_REQUEST, 0, 0,
                 "the call is not valid while the session is " + std::string(name(state_))};
  };
  const auto no_connection = [] {
    return Error{Result::NS_E_NOCONNECTION, 0, 0, "there is no connection to the publishing point"};
  };
  if (call == Event::Start) return state_ == State::Idle ? Error{} : invalid();
  const bool goes_on = log_.has_header() && !end_.asked;
  switch (state_) {
    case State::Streaming:
    case State::Resuming:
      return {};
    case State::Ready:
      if (call == Event::Header) return {};
      if (call == Event::Packet) return invalid();
      if (!link_.open)
        return {Result::NS_E_CONNECTION_FAILURE, 0, 0,
                "the server closed the connection before the stream began"};
      return {Result::NS_E_INVALID_REQUEST, 0, 0,
              "there is no stream to end: no ASF header was sent"};
    case State::Connecting:
    case State::SettingUp:
    case State::Preparing:
    case State::Reconnecting:
    case State::Authorizing:
    case State::Waiting:
    case State::RollingOver:
      if (goes_on) return {};
      return call == Event::End ? no_connection() : invalid();
    case State::Idle:
      return call == Event::Header ? invalid() : no_connection();
    case State::Failed:
      // The first EndSession of a session that was lost says so; a further one finds none to end.
      return call == Event::End ? Error{} : no_connection();
    case State::Ended:
      return no_connection();
    case State::Ending:
      return call == Event::End ? no_connection() : invalid();
    default:
      return invalid();
  }
}

}  // namespace wmpush::wmhttp
