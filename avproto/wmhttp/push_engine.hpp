// The client's side of a push distribution session, without any I/O (MS-WMHTTP 3.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/admission.hpp"
#include "wmhttp/exchange.hpp"
#include "wmhttp/frame_log.hpp"
#include "wmhttp/push_start.hpp"
#include "wmhttp/recovery.hpp"
#include "wmhttp/route.hpp"
#include "wmhttp/send_queue.hpp"
#include "wmhttp/session_id.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

struct EngineConfig {
  std::string target;                  ///< path and query, verbatim
  Destination server;                  ///< the publishing point's
  std::optional<Destination> proxy{};  ///< every request goes to it; none: to the server
  std::string user_agent;              ///< whole value of the User-Agent header
  std::string setup_body;              ///< what push_setup_body() made
  bool strict_server = true;           ///< a server that is neither Cougar nor Rex is refused
  /// Value of X-Accept-Authentication: the schemes that can be done, without Basic.
  std::string authentication_schemes;
  Authenticator* server_authenticator = nullptr;  ///< answers 401; borrowed, null: nobody does
  Authenticator* proxy_authenticator = nullptr;   ///< answers 407; borrowed, null: nobody does
  bool allow_305 = false;                         ///< a 305 may name a proxy
  std::int64_t content_length = 0;                ///< of each PushStart; 0 = by the protocol's rule
  Duration response_timeout{};
  Duration send_timeout{};
  Duration end_timeout{};
  Duration rollover_timeout{};
  bool strict_end = true;  ///< an error answer behind the $E is a failure
  bool reconnect = false;  ///< a connection that is lost in mid stream is made again
  Resume resume = Resume::Auto;
  Duration reconnect_delay_max{};          ///< the longest wait between two tries
  std::int64_t reconnect_max_retries = 0;  ///< tries in a row; 0 = no limit
  std::uint32_t jitter_seed = 1;           ///< of the waits: each pusher is to have its own
};

/// Bytes of frames that are queued for one send, a frame more or less.
inline constexpr std::size_t kQueuedAtOnce = 64 * 1024;

/// Bytes and time in, bytes and wishes out. The owner connects, sends and receives as wants() says
/// and reports what happened; nothing here waits. State and event find the action in one table
/// (state_table.cpp) that reads like section 3.1 of the document; an action says which state
/// follows, and nothing else sets it.
///
/// No call lets an exception out. One that comes up inside, as where there is no memory, makes the
/// session Failed for good, with E_OUTOFMEMORY or E_FAIL.
class PushEngine {
 public:
  enum class State : std::uint8_t {
    Idle,          ///< nothing was asked for
    Connecting,    ///< to send PushSetup
    SettingUp,     ///< PushSetup is out; its response is awaited
    Ready,         ///< the session is accepted, no PushStart yet
    Preparing,     ///< a PushStart waits for what its authenticator has to get for it
    Reconnecting,  ///< to send a PushStart on a new connection (3.1.4.2.1)
    Authorizing,   ///< a PushStart waits for the rounds that a proxy needs on a new connection
    Waiting,       ///< the connection was lost; until the next try (3.2.7.1)
    Resuming,      ///< inside a PushStart body again; what has piled up is not all out yet
    Streaming,     ///< inside a PushStart body
    RollingOver,   ///< the length is used up; the response is awaited (3.1.4.3)
    Ending,        ///< $E is out; the server's close or answer is awaited (3.1.4.4)
    Ended,         ///< over, as it should be
    Failed,        ///< over; error() says why
    Count
  };

  enum class Want : std::uint8_t {
    Nothing,
    Connect,  ///< a new connection; one that is still open is to be closed first
    Send,     ///< outgoing() is to be sent, and what comes meanwhile to be handed in
    Receive,  ///< nothing to send; what comes is to be handed in
    Wait,     ///< nothing until deadline(); what is still open is to be reset
    Consult,  ///< question() is to be asked, and nothing sent or received until answered()
    Close     ///< half-close, drain, close
  };

  explicit PushEngine(EngineConfig config);

  // The program's side. A call that is not valid in the state returns NS_E_INVALID_REQUEST or
  // NS_E_NOCONNECTION and changes nothing. What is handed in is copied. Once there was a header,
  // more is taken whatever becomes of the connection: the owner bounds what waits, by
  // unsent_bytes().

  /// Asks for a connection and then for a session (PushSetup).
  Error start(Time now) noexcept;
  /// $H for the first header of the session, $E(1) and $C for a later one.
  Error header(Bytes header, StreamShape shape, Time now) noexcept;
  /// $D with `head` and `rest` as one packet.
  Error packet(Bytes head, Bytes rest, Time now) noexcept;
  /// $E with a Reason other than 1.
  Error end(std::uint32_t reason, Time now) noexcept;
  /// Gives the connection up without $E.
  Error disconnect() noexcept;
  /// The owner gives up, for a reason of its own (an interrupt). A session whose end has been
  /// acknowledged whole is Ended by it, any other Failed.
  void abandon(Error reason, Delivery delivery = {}) noexcept;
  /// The owner does not wait any longer for an answer to the $E: what `delivery` says is all that
  /// there will be. Only while Ending, with nothing left to send.
  void take_silence(Time now, Delivery delivery) noexcept;
  /// The owner has met with an exception. Whatever the state was, it is Failed.
  void collapse(Error reason) noexcept;

  // The peer's side.

  void connected(Time now) noexcept;
  void connect_failed(Error error, Time now) noexcept;
  void sent(std::size_t count, Time now) noexcept;
  void received(Bytes bytes, Time now, Delivery delivery = {}) noexcept;
  /// The peer has closed its side without an error.
  void peer_closed(Time now, Delivery delivery = {}) noexcept;
  /// The connection broke: reset, or an error of the network.
  void connection_lost(Error error, Time now, Delivery delivery = {}) noexcept;
  /// Looks at the deadline. An end-of-stream among the unacknowledged bytes was not taken.
  void tick(Time now, Delivery delivery = {}) noexcept;
  /// What the peer's kernel has confirmed need not be kept: a good moment to say so when
  /// wants_delivery() is true.
  bool wants_delivery() const { return log_.wants_acknowledgement(); }
  void delivered(Delivery delivery) noexcept;
  /// What an authenticator needs time for, when wants() says Consult: ask() may be called in any
  /// thread. Null where there is nothing to ask.
  std::shared_ptr<Question> question() noexcept;
  /// It was asked.
  void answered(Time now) noexcept;
  /// The owner has closed the connection.
  void closed() { link_.open = false; }

  // What the owner has to do.

  Want wants() const;
  /// Until when what wants() says must make progress; the time of tick() is compared with it.
  /// Time::max() when nothing presses.
  Time deadline() const;
  std::span<const Bytes> outgoing() noexcept { return link_.out.view(); }
  /// Everything that was handed in is out, and the next header, packet or end may come.
  bool idle() const { return wants() == Want::Nothing; }
  /// Bytes of the stream that our kernel does not have yet.
  std::size_t unsent_bytes() const { return log_.unsent_bytes(); }
  /// Where Want::Connect leads: to the proxy, or where there is none, to the server.
  const Destination& destination() const { return route_.next_hop(); }
  /// Where the session is, or is to be: as configured, until redirects lead elsewhere (3.1.5.1).
  /// Whoever connects looks whether they did: the engine then has no authenticator for the new
  /// host (or for the proxy that a 305 named) until it is given one by take_route().
  const Destination& server() const { return route_.place().server; }
  const std::string& target() const { return route_.place().target; }
  const std::optional<Destination>& proxy() const { return route_.proxy(); }
  /// Goes on by way of `proxy`, or directly, with these authenticators. Only while wants() says
  /// Connect.
  void take_route(std::optional<Destination> proxy, Authenticator* server_authenticator,
                  Authenticator* proxy_authenticator);

  State state() const { return state_; }
  bool connected_now() const { return link_.open; }
  const Error& error() const { return error_; }
  /// Bytes that the next header may have: a later one has less room than the first.
  std::size_t header_limit() const {
    return log_.has_header() ? kMaxStreamChangePayload : kMaxHeaderPayload;
  }
  /// An exception ended the session.
  bool collapsed() const { return collapsed_; }
  /// The response that accepted the session.
  const Response& setup_response() const { return session_.setup_response(); }
  const std::string& push_id() const { return session_.push_id(); }
  /// The server has closed the connection, or answered with a success, behind the whole $E.
  bool end_confirmed() const { return end_.confirmed; }
  std::uint64_t packets_sent() const { return stream_.packets_sent; }
  /// Packets that were sent once more after a loss of the connection.
  std::uint64_t packets_resent() const { return recovery_.packets_resent(); }
  /// Packets that a lost connection may have taken along, at the most.
  std::uint64_t packets_at_risk() const { return recovery_.packets_at_risk(); }
  /// The connection was lost, and nothing of the stream has gone out on another one yet.
  bool recovering() const { return recovery_.active(); }
  /// How often the stream went on after a loss.
  std::uint64_t reconnects() const { return recovery_.reconnects(); }
  /// A proxy is known: named, or it has shown itself (Via).
  bool proxied() const { return route_.proxied(); }
  /// What the log is to hear: a request or a response in a line, or something to be warned of.
  using Note = Authenticator::Note;
  /// The notes since the last call.
  std::vector<Note> take_notes() noexcept { return std::exchange(notes_, {}); }

 private:
  friend struct StateTable;

  enum class Event : std::uint8_t {
    // of the program
    Start,
    Header,
    Packet,
    End,
    Disconnect,
    Abandoned,
    // of the peer
    Connected,
    ConnectFailed,
    Accepted,    // 2xx
    Redirected,  // 300 .. 304
    ProxyNamed,  // 305
    Challenged,  // 401, 407
    Refused,     // any other status
    Malformed,   // no HTTP response
    Excessive,   // more than a peer may send
    PeerClosed,
    ConnectionLost,
    Answered,  // a question that took time
    // of time, and of our own kernel
    TimedOut,
    EndOverdue,
    Drained,  // everything that was queued is sent
    Count
  };
  using Action = State (PushEngine::*)();

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

  Error call(Event event) noexcept;
  void report(Event event, Time now, Delivery delivery, Error error = {}) noexcept;
  void dispatch(Event event);
  /// Why a call of the program is not for this state; empty where it is.
  Error not_now(Event call) const;
  template <typename Call>
  void guarded(Call call) noexcept;
  State stay_and_reject(Result result, std::string message);
  State fail(Error error) noexcept;
  void note(wmpush_log_level level, std::string text);
  void take_received(Bytes bytes);
  Event interpret(Outcome outcome);
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

std::string_view name(PushEngine::State state);

}  // namespace wmpush::wmhttp
