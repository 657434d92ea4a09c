// The client's side of a push distribution session, without any I/O (MS-WMHTTP 3.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "wmhttp/push_actions.hpp"

namespace wmpush::wmhttp {

/// Bytes and time in, bytes and wishes out. The owner connects, sends and receives as wants() says
/// and reports what happened; nothing here waits. State and event find the action in one table
/// (state_table.cpp) that reads like section 3.1 of the document; an action (push_actions.hpp) says
/// which state follows, and nothing else sets it.
///
/// No call lets an exception out. One that comes up inside, as where there is no memory, makes the
/// session Failed for good, with E_OUTOFMEMORY or E_FAIL.
class PushEngine : private PushActions {
 public:
  using State = PushState;
  using Want = PushWant;

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
  using PushActions::Note;
  /// What the log is to hear since the last call: a request or a response in a line, or something
  /// to be warned of.
  std::vector<Note> take_notes() noexcept { return std::exchange(notes_, {}); }

 private:
  Error call(Event event) noexcept;
  void report(Event event, Time now, Delivery delivery, Error error = {}) noexcept;
  void dispatch(Event event);
  /// Why a call of the program is not for this state; empty where it is.
  Error not_now(Event call) const;
  template <typename Call>
  void guarded(Call call) noexcept;
  void take_received(Bytes bytes);
  Event interpret(Outcome outcome);
};

}  // namespace wmpush::wmhttp
