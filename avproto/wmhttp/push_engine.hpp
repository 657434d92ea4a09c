// The client's side of a push distribution session, without any I/O (MS-WMHTTP 3.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/authenticator.hpp"
#include "wmhttp/frame.hpp"
#include "wmhttp/message.hpp"
#include "wmhttp/send_queue.hpp"
#include "wmhttp/sent_frames.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::microseconds;

/// Length-Remaining of a PushStart when no proxy is known: the largest 31-bit number (3.1.4.2.1).
inline constexpr std::int64_t kDirectContentLength = 2147483647;
/// Through a proxy a PushStart is to last about this long (3.1.4.2.1).
inline constexpr std::chrono::seconds kProxiedDuration{60};

/// A stream that went on for so long after a loss counts as well again.
inline constexpr std::chrono::seconds kLasting{5};
/// A server that fails so soon after something was sent fails because of it.
inline constexpr std::chrono::seconds kAtOnce{1};

/// Redirects that are followed on the way to a session.
inline constexpr int kMaxRedirects = 8;

/// Whether a session goes on with its push-id after a loss of the connection.
enum class Resume : std::uint8_t {
  Auto,    ///< unless something speaks against the server having it
  Always,  ///< until the server says that it does not have it, or has had the time to forget it
  Never    ///< each loss is followed by a new session
};

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

/// What an ASF header means for the lengths of the protocol.
struct StreamShape {
  std::size_t packet_size = 0;  ///< fixed size of the data packets, 1 to 65535
  std::uint32_t bitrate = 0;    ///< bit/s of all streams; 0 = unknown
};

/// Bytes and time in, bytes and wishes out. The owner connects, sends and receives as wants() says
/// and reports what happened; nothing here waits. State and event find the action in one table
/// (state_table.cpp) that reads like section 3.1 of the document.
///
/// No call lets an exception out. One that comes up inside, as where there is no memory, makes the
/// session Failed for good, with E_OUTOFMEMORY or E_FAIL; nothing that was lent is then referred to
/// any more.
class PushEngine {
 public:
  enum class State : std::uint8_t {
    Idle,          ///< nothing was asked for
    Connecting,    ///< to send PushSetup
    SettingUp,     ///< PushSetup is out; its response is awaited
    Ready,         ///< the session is accepted, no PushStart yet
    Reconnecting,  ///< to send a PushStart on a new connection (3.1.4.2.1)
    Authorizing,   ///< a PushStart waits for the rounds that a proxy needs on a new connection
    Waiting,       ///< the connection was lost; until the next try (3.2.7.1)
    Resuming,      ///< inside a PushStart body again, but nothing of the stream is out yet
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
    Close     ///< half-close, drain, close
  };

  explicit PushEngine(EngineConfig config);

  // The program's side. Each call is an event of the table; an event that is not valid in the state
  // returns NS_E_INVALID_REQUEST or NS_E_NOCONNECTION and changes nothing.

  /// Asks for a connection and then for a session (PushSetup).
  Error start(Time now) noexcept;
  /// $H for the first header of the session, $E(1) and $C for a later one. `header` is copied.
  Error header(Bytes header, StreamShape shape, Time now) noexcept;
  /// $D with `head` and `rest` as one packet. `rest` is lent until idle(); `head` until the call
  /// returns, unless a rollover makes the packet wait: keep it until idle() too.
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
  bool wants_delivery() const { return sent_.wants_acknowledgement(); }
  void delivered(Delivery delivery) noexcept;
  /// The owner has closed the connection.
  void closed();

  // What the owner has to do.

  Want wants() const;
  /// Until when what wants() says must make progress; the time of tick() is compared with it.
  /// Time::max() when nothing presses.
  Time deadline() const;
  std::span<const Bytes> outgoing() noexcept { return out_.view(); }
  /// Everything that was handed in is out, and the next header, packet or end may come.
  bool idle() const { return wants() == Want::Nothing; }

  State state() const { return state_; }
  bool connected_now() const { return connected_; }
  const Error& error() const { return error_; }
  /// Bytes that the next header may have: a later one has less room than the first.
  std::size_t header_limit() const {
    return header_.empty() ? kMaxHeaderPayload : kMaxStreamChangePayload;
  }
  /// An exception ended the session.
  bool collapsed() const { return collapsed_; }
  /// The response that accepted the session.
  const Response& setup_response() const { return setup_response_; }
  const std::string& push_id() const { return context_.push_id; }
  /// The server has closed the connection, or answered with a success, behind the whole $E.
  bool end_confirmed() const { return end_confirmed_; }
  std::uint64_t packets_sent() const { return packets_sent_; }
  /// Packets that were sent once more after a loss of the connection.
  std::uint64_t packets_resent() const { return packets_resent_; }
  /// Packets that a lost connection may have taken along, at the most.
  std::uint64_t packets_at_risk() const { return packets_at_risk_; }
  /// The connection was lost, and nothing of the stream has gone out on another one yet.
  bool recovering() const { return recovering_; }
  /// How often the stream went on after a loss.
  std::uint64_t reconnects() const { return reconnects_; }
  /// A proxy is known: named, or it has shown itself (Via).
  bool proxied() const { return proxied_; }
  /// What the log is to hear: a request or a response in a line, or something to be warned of.
  struct Note {
    wmpush_log_level level;
    std::string text;
  };
  /// Where Want::Connect leads: to the proxy, or where there is none, to the server.
  const Destination& destination() const { return config_.proxy ? *config_.proxy : config_.server; }
  /// Where the session is, or is to be: as configured, until redirects lead elsewhere (3.1.5.1).
  /// Whoever connects looks whether they did: the engine then has no authenticator for the new
  /// host (or for the proxy that a 305 named) until it is given one by take_route().
  const Destination& server() const { return config_.server; }
  const std::string& target() const { return config_.target; }
  const std::optional<Destination>& proxy() const { return config_.proxy; }
  /// Goes on by way of `proxy`, or directly, with these authenticators. Only while wants() says
  /// Connect.
  void take_route(std::optional<Destination> proxy, Authenticator* server_authenticator,
                  Authenticator* proxy_authenticator);
  /// The notes since the last call.
  std::vector<Note> take_notes() noexcept { return std::exchange(notes_, {}); }

 private:
  friend struct StateTable;

  enum class Event : std::uint8_t {
    Start,
    Connected,
    ConnectFailed,
    Accepted,    // 2xx
    Redirected,  // 300 .. 304
    ProxyNamed,  // 305
    Challenged,  // 401, 407
    Refused,     // any other status
    Malformed,   // no HTTP response
    PeerClosed,
    ConnectionLost,
    TimedOut,
    Header,
    Packet,
    End,
    Disconnect,
    Count
  };

  using Action = void (PushEngine::*)();
  void dispatch(Event event);
  void become(State state) { state_ = state; }
  void fail(Error error) noexcept;
  template <typename Call>
  void guarded(Call call) noexcept;
  void reject(Result result, std::string message);
  void note(wmpush_log_level level, std::string text);
  Error outcome() noexcept;
  bool end_overdue() const;
  void take_response();
  void note_response();
  bool keep_cookies();
  void refuse_excess(std::string what);
  void take_received(Bytes bytes);
  void take_sent(std::size_t count);
  void take_deadline();
  bool take_header(std::size_t limit, std::string_view frame);

  // The actions of the table.
  void ignore() {}
  void invalid();
  void no_connection();
  void want_connection();
  void send_setup();
  void fail_to_connect();
  void accept_session();
  void answer_setup_challenge();
  void refuse_setup();
  void refuse_stream();
  void refuse_stream(Error refusal);
  void report_malformed();
  void lose_setup();
  void lose_stream();
  void forget_connection();
  void setup_unanswered();
  void start_stream();
  void stream_on_new_connection();
  void next_entry();
  void send_packet();
  void end_stream();
  void end_without_stream();
  void end_after_loss();
  void start_or_reconnect();
  void follow_redirect();
  void take_named_proxy();
  void answer_stream_challenge();
  void refuse_challenge(std::string_view explanation);
  void connect_again();
  void end_later();
  void begin_end();
  bool refused_from_the_start() const;
  void lose_rollover();
  void roll_over();
  void forget_session();
  void send_round();
  void answer_round();
  void skip_rounds();
  void round_unanswered();
  void remember_acceptance();
  void next_push_start();
  void renew_session();
  void stalled();
  void finish();
  void finish_after_answer();
  void note_unconfirmed(std::string_view when);
  Error end_not_taken(Result result, std::string_view when) const;
  void finish_when_taken();
  void hang_up();

  Authenticator* challenged_authenticator() const;
  bool has_answer(Authenticator& authenticator, Authenticator::Occasion occasion);
  void aim();
  Error refused(std::string_view doing, bool template_named,
                std::string_view authentication = {}) const;
  bool refused_as_tinyproxy_does() const;
  void authorize();
  void note_proxys_consent();
  void authorization_accepted();
  bool authorization_incomplete() const;

  // After a loss (push_recovery.cpp).
  bool recoverable() const;
  std::uint64_t taken() const noexcept;
  std::size_t unread() const noexcept;
  void recover(Error cause);
  void recover_from(std::uint64_t taken, std::size_t unread, Error cause);
  void take_back(std::uint64_t taken, std::size_t unread);
  void try_later(Error cause);
  bool resumable() const;
  void doubt_session();
  Duration idle_timeout() const;
  void resume_after_all();
  bool lasted() const;
  bool may_be_held(int status) const;
  bool deny_session();
  std::string playlist_hint() const;
  std::string size_hint() const;
  void streaming_again();
  void announce();
  void feed_again();
  void put_first_header();

  /// Inside a PushStart body that more can be added to.
  bool in_body() const { return state_ == State::Streaming || state_ == State::Resuming; }
  void begin_push_start();
  void send_push_start();
  void submit(const PendingFrame& frame);
  void submit_waiting();
  bool fits(const PendingFrame& frame) const;
  void put(const PendingFrame& frame, bool again = false);
  void use_up_length();
  std::int64_t push_start_length() const;
  void measure_bitrate();
  void drop_connection();

  EngineConfig config_;
  RequestContext context_;
  State state_ = State::Idle;
  bool connected_ = false;
  bool accepted_ = false;   // there was a session
  bool end_asked_ = false;  // and it was to be ended
  bool end_confirmed_ = false;
  bool collapsed_ = false;
  Error error_;
  Error rejected_;  // answer of the program's call that is being dispatched
  std::vector<Note> notes_;

  // Arguments of the event that is being dispatched.
  Time now_{};
  Response response_;
  Error peer_error_;
  PendingFrame offered_;
  StreamShape offered_shape_;
  Delivery delivery_;

  SendQueue out_;
  ResponseReader responses_;
  std::size_t answers_ = 0;  // responses since the last request
  bool renamed_ = false;     // the response brought another push-id than the request had
  Response setup_response_;
  std::vector<std::string> proxy_challenges_;  // of the last 407
  Time progress_{};                            // when something was last sent, or queued to be
  Time waiting_since_{};  // when the response that is awaited was due to be waited for
  Time end_started_{};

  std::vector<std::byte> header_;  // the current entry's, for a session that must be set up anew
  StreamShape shape_;
  std::int64_t length_remaining_ = 0;
  std::int64_t push_start_size_ = 0;   // what length_remaining_ was in the beginning
  std::int64_t measured_bitrate_ = 0;  // bit/s, in the last PushStart that was long enough
  bool with_header_ = false;           // the next PushStart begins with $H
  bool early_accept_ = false;          // a 2xx came before the length was used up
  bool early_keep_alive_ = false;      // and its server keeps the connection
  bool body_held_back_ = false;        // the last PushSetup was only a round of an authentication
  bool connection_reused_ = false;     // and went out behind a challenge that was no round of one
  bool same_authorization_ = false;    // it is to be sent again as it was
  bool proxied_ = false;
  int redirects_ = 0;
  bool proxy_was_named_ = false;  // by a 305
  bool packet_in_queue_ = false;
  std::uint64_t packets_sent_ = 0;

  SentFrames sent_;              // on this connection
  SentFrames again_;             // what is still to be sent again, in front of everything else
  bool repeats_ = false;         // this PushStart began with what is sent again
  bool resumes_ = false;         // and goes on with a session that was set up on another connection
  bool recovering_ = false;      // the connection was lost, and the stream does not go on yet
  bool new_session_ = true;      // there is none that could be resumed
  bool denied_ = false;          // the server has just said so
  bool content_queued_ = false;  // frames of the stream have been queued on this connection
  std::optional<Time> streaming_since_;
  std::optional<Time> announce_at_;
  struct {
    Destination server;
    std::string target;
  } home_;  // where the program asked to go
  // A session that was given up without the server having said that it does not have it.
  struct Doubted {
    Destination server;
    std::string target;
    std::string push_id;
    std::vector<std::pair<std::string, std::string>> cookies;
  };
  std::optional<Doubted> doubted_;
  bool in_doubt_ = false;  // the current one is about to be that
  Time push_start_at_{};
  Time lost_at_{};
  std::optional<Time> outage_since_;  // since when no stream has lasted
  std::optional<Time> next_entry_at_;
  Time retry_at_{};
  std::int64_t tries_ = 0;  // in a row, without a stream that lasted
  Error loss_;
  std::uint32_t end_reason_ = 0;
  Error end_loss_;  // came when the peer's kernel had the $E, too: the session may have ended well
  std::uint64_t packets_again_ = 0;  // of this loss
  std::uint64_t packets_resent_ = 0;
  std::uint64_t packets_at_risk_ = 0;
  std::uint64_t reconnects_ = 0;
  std::minstd_rand random_;
  // Frames that wait for the next PushStart: at most $E(1), $C and an $E.
  std::array<PendingFrame, 3> waiting_{};
  std::size_t waiting_count_ = 0;
};

std::string_view name(PushEngine::State state);

}  // namespace wmpush::wmhttp
