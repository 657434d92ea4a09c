// What the engine does in each state on each event. Each action says which state follows.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/admission.hpp"
#include "wmhttp/engine_config.hpp"
#include "wmhttp/exchange.hpp"
#include "wmhttp/frame_log.hpp"
#include "wmhttp/push_start.hpp"
#include "wmhttp/push_state.hpp"
#include "wmhttp/recovery.hpp"
#include "wmhttp/route.hpp"
#include "wmhttp/send_queue.hpp"
#include "wmhttp/session_id.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

/// Bytes of frames that are queued for one send, a frame more or less.
inline constexpr std::size_t kQueuedAtOnce = 64 * 1024;

/// The half of PushEngine that the table of states names. Its actions use the objects and return
/// the state that follows; none of them sets it.
class PushActions {
 protected:
  friend struct StateTable;

  using State = PushState;
  using Event = PushEvent;
  using Note = Authenticator::Note;
  using Action = State (PushActions::*)();

  explicit PushActions(EngineConfig config);

  /// What the call under way has brought.
  struct Input {
    Time now{};
    Delivery delivery;
    Error error;
    std::uint32_t reason = 0;
    Bytes head;
    Bytes rest;
    StreamShape shape;
    std::size_t payload() const { return head.size() + rest.size(); }
  };
  /// What lives as long as a connection.
  struct Link {
    bool open = false;
    SendQueue out;
    Exchange exchange;
    PushStart start;
    Time progress{};                // when something was last sent, or queued to be
    Time waiting_since{};           // when the response that is awaited was due to be waited for
    bool body_held_back = false;    // the last PushSetup was only a round of an authentication
    bool behind_challenge = false;  // and went out behind a challenge that was no round of one
    std::vector<std::byte> held;    // came behind what somebody is being asked about
  };
  /// The end of the stream, once it was asked for.
  struct EndOfStream {
    bool asked = false;
    bool confirmed = false;
    std::uint32_t reason = 0;
    Time since{};
    Error loss;  // came when the peer's kernel had the $E, too: the session may have ended well
  };

  /// What is known of the stream, whatever connections it takes.
  struct StreamFacts {
    StreamShape shape;
    std::optional<Time> next_entry_at;
    std::int64_t measured_bitrate = 0;  // bit/s, in the last PushStart that was long enough
    std::uint64_t packets_sent = 0;
  };

  State stay_and_reject(Result result, std::string message);
  State fail(Error error) noexcept;
  void note(wmpush_log_level level, std::string text);
  bool over() const { return state_ == State::Ended || state_ == State::Failed; }
  /// Nothing goes on before somebody has been asked.
  bool consulting() const { return admission_.asking() || state_ == State::Preparing; }
  /// Inside a PushStart body that more can be added to.
  bool in_body() const { return state_ == State::Streaming || state_ == State::Resuming; }
  State body() const { return recovery_.active() ? State::Resuming : State::Streaming; }
  const Response& response() const { return link_.exchange.response(); }
  bool end_overdue() const;

  // To a session (push_setup.cpp).
  State want_connection();
  State send_setup();
  State fail_to_connect();
  State accept_session();
  State follow_redirect();
  State take_named_proxy();
  State go_elsewhere(const Error& refusal, const std::string& what, const Route::Place& from);
  State answer_setup_challenge();
  State setup_answered();
  State refuse_setup();
  State lose_setup();
  State setup_unanswered();
  State forget_connection();
  State report_malformed();
  State refuse_excess();
  RequestContext request();
  void drop_connection();
  Error refused(std::string_view doing, bool template_named, std::string_view why = {}) const;
  State consult(const Authenticator::Occasion& occasion, Action then);
  bool sends_again();
  bool connection_kept() const;

  // PushStart and what is in it (push_stream.cpp).
  State start_stream();
  State begin_push_start();
  State send_push_start(PushStart::Place place, const RequestContext& request);
  State stream_on_new_connection();
  State send_round(const RequestContext& request);
  State answer_round();
  State round_answered();
  State skip_rounds();
  State round_unanswered();
  State next_entry();
  State send_packet();
  State keep_packet();
  State keep_header();
  State write_frames();
  State drained();
  void stream_again();
  State use_up_length();
  State roll_over();
  State rolled_over();
  State remember_acceptance();
  State next_push_start();
  State lose_rollover();
  State renew_session();
  State answer_stream_challenge();
  State stream_answered();
  State refuse_challenge(std::string_view explanation);
  State refuse_stream();
  State lose_stream();
  State lose_stream(Error error);
  State stalled();
  bool append_header(FrameId id);
  bool append_packet();
  std::string playlist_hint() const;
  std::string size_hint() const;

  // The end (push_end.cpp).
  State end_stream();
  State end_later();
  State end_sent();
  State end_after_loss();
  State finish();
  State finish_after_answer();
  State finish_when_taken();
  State fail_unanswered(Result result);
  State abandon_end();
  State give_up();
  State end_too_late();
  State hang_up();
  Error end_not_taken(Result result, std::string_view when) const;
  void note_unconfirmed(std::string_view when);
  void begin_end();

  // After a loss (push_recovery.cpp).
  bool recoverable() const { return recovery_.enabled() && log_.has_header(); }
  State recover(Error cause);
  State recover_from(std::uint64_t taken, std::size_t unread, Error cause);
  State try_later(Error cause);
  State connect_again();
  State refuse_stream(Error refusal);
  State deny_session();
  bool denies_session() const;
  bool refused_from_the_start() const;
  bool may_be_held(int status) const;
  void resume_after_all();
  void forget_session();
  void announce();
  std::uint64_t taken() const noexcept;
  std::size_t unread() const noexcept;

  State nothing() { return state_; }

  EngineConfig config_;
  State state_ = State::Idle;
  Error error_;  // why it is Failed
  bool collapsed_ = false;
  Error rejected_;  // answer of the program's call that is being dispatched
  std::vector<Note> notes_;
  Input in_;
  Route route_;
  Admission admission_;
  SessionId session_;
  FrameLog log_;
  Link link_;
  Recovery recovery_;
  EndOfStream end_;
  StreamFacts stream_;
};

}  // namespace wmpush::wmhttp
