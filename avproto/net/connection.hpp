// The one TCP connection of a session, with TLS or without.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/bytes.hpp"
#include "core/descriptor.hpp"
#include "net/race.hpp"
#include "net/resolver.hpp"
#include "net/tcp_state.hpp"
#include "net/wait.hpp"
#include "tls/context.hpp"
#include "tls/stream.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

/// No call waits for anything. What is waited for, wait() says; perform() then goes on with it.
///
///     Closed ──connect()──> Resolving ──> Connecting ──> Open ──close(), reset()──> Closed
///                                                        │ ∧
///                                               secure() ∨ │
///                                                      Securing
class Connection {
 public:
  /// `send_timeout`: how long the kernel may keep data that the peer does not take before it gives
  /// the connection up (ETIMEDOUT). It bounds what a stall costs at a low bit rate, where the
  /// kernel's buffer alone would hide it for minutes.
  explicit Connection(std::chrono::microseconds send_timeout) : send_timeout_(send_timeout) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Begins to connect to `host`, within `deadline`. A connection that is still open is closed
  /// first. E_FAIL, where the system has no thread or descriptor left to resolve the name with.
  Error connect(const std::string& host, std::uint16_t port, Time deadline);
  /// Begins TLS on a connection that is open, with a peer whose certificate has to be for `host`,
  /// within `deadline`. What goes to and fro from then on is told in plain bytes.
  void secure(const tls::Context& context, const std::string& host, Time deadline);
  /// Goes on with that. NS_E_SERVER_NOT_FOUND, or NS_E_PUSH_CANNOTCONNECT, whose message names each
  /// address and why it failed, or what is wrong with the TLS; the connection is then Closed.
  Error perform(Time now);

  bool connecting() const { return state_ != State::Closed && state_ != State::Open; }
  bool open() const { return state_ == State::Open; }

  /// What connecting waits for; or when it is Open, for what the peer sends and, if `to_send`, for
  /// the kernel to take more.
  Wait wait(bool to_send);

  /// "192.0.2.1:80" of the peer; empty without a connection.
  std::string peer() const;

  /// Sends what the kernel takes at once; `count` is how much that was, 0 when it takes nothing
  /// now. The next call begins with what was not sent. NS_E_CONNECTION_FAILURE with the first errno
  /// of the connection; what the peer sent before can still be received.
  Error send(std::span<const Bytes> parts, std::size_t& count, Time now = Clock::now());

  /// The kernel takes as much that a send is worth it, or the connection is broken.
  bool writable() const;

  /// Receives what is there into `buffer`; `received` is the part of it that was filled, and empty
  /// when there is nothing. `closed` is set when the peer has closed its side and everything was
  /// read; over TLS that needs its close_notify, without which the connection is lost.
  Error receive(MutableBytes buffer, Bytes& received, bool& closed);

  /// Bytes that the peer's kernel has not acknowledged; 0 where the system cannot say.
  std::size_t unacknowledged() const;

  /// Bytes that the peer's kernel may have acknowledged although the program behind it has not read
  /// them, at the most: what the largest window of this connection holds (RFC 7323), less the room
  /// that the peer last said it has. The largest std::size_t where the system cannot say.
  std::size_t unread_limit() const;

  /// And at the least: how far the room that the peer has said it has is below the most that it has
  /// had on this connection. 0 until it has answered what ask_for_window() has it asked, since
  /// nobody tells of room that is made; what is too little to tell from rounding counts as nothing.
  std::size_t surely_unread();

  /// Has the peer asked for its window every second while nothing else is sent, where the system
  /// can (keep-alive probes): a program that reads makes room, of which nothing would tell
  /// otherwise.
  void ask_for_window() noexcept;

  /// After the peer has closed its side: everything sent is acknowledged, or will never be, since
  /// the connection broke: `lost` then says so. Nothing tells when this becomes true: look again
  /// soon.
  bool settled(Error& lost);

  /// Half-closes, reads what is still there, closes.
  void close() noexcept;
  /// Closes so that nothing which is still under way is delivered any more.
  void reset() noexcept;

 private:
  enum class State : std::uint8_t { Closed, Resolving, Connecting, Securing, Open };

  Error advance(Time now);
  void begin_anew() noexcept;
  void tune();
  void gather(bool bulk);
  void look_at_pace(Time now);
  std::optional<TcpState> look_at_window();
  Error go_on_with_handshake(Time now);
  Error broken(int system_error);
  Error lost() const;
  void keep_pending_error();

  const std::chrono::microseconds send_timeout_;
  State state_ = State::Closed;
  Descriptor socket_;
  std::unique_ptr<tls::Stream> tls_;  // on the socket; null: plain bytes go over it

  // While it is being made.
  std::string host_;
  std::uint16_t port_ = 0;
  Time deadline_{};
  Lookup lookup_;
  std::optional<Race> race_;

  bool gathering_ = false;
  bool full_ = false;  // the kernel did not take all of the last send
  int crowd_ = 0;      // how much faster than live the last sends were
  Time last_send_{};
  std::size_t widest_window_ = 0;  // that the peer has shown
  Time next_window_look_{};
  std::optional<Time> window_asked_at_;
  int first_error_ = 0;  // the kernel tells a reset once; afterwards it looks like a clean close
};

}  // namespace wmpush::net
