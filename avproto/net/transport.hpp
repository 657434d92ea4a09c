// The one TCP connection of a session. Nothing else in the library has a socket.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/bytes.hpp"
#include "net/waiter.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

class Transport {
 public:
  /// `send_timeout`: how long the kernel may keep data that the peer does not take before it gives
  /// the connection up (ETIMEDOUT). It bounds what a stall costs at a low bit rate, where the
  /// kernel's buffer alone would hide it for minutes.
  Transport(InterruptCheck interrupted, std::chrono::microseconds send_timeout);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Tries every address of `host` in turn until `deadline`. NS_E_SERVER_NOT_FOUND,
  /// NS_E_PUSH_CANNOTCONNECT (the message names each address and why it failed) or NS_E_SHUTDOWN.
  /// A connection that is still open is closed first.
  Error connect(const std::string& host, std::uint16_t port, Time deadline);
  /// The same, but returns when `until` passes, too: `unfinished` is then set, and the next call,
  /// with the same host, port and deadline, goes on with it.
  Error connect(const std::string& host, std::uint16_t port, Time deadline, Time until,
                bool& unfinished);

  /// "192.0.2.1:80" of the peer; empty without a connection.
  std::string peer() const;

  /// Sends what the kernel takes at once; `count` is how much that was, 0 when it takes nothing
  /// now. NS_E_CONNECTION_FAILURE with the first errno of the connection; what the peer sent before
  /// can still be received.
  Error send(std::span<const Bytes> parts, std::size_t& count, Time now = Clock::now());

  /// Receives what is there; `received` lies in a buffer of the transport until the next call, and
  /// is empty when there is nothing. `closed` is set when the peer has closed its side and
  /// everything was read.
  Error receive(Bytes& received, bool& closed);

  enum class Readiness { Ready, TimedOut, Interrupted };
  /// Waits until there is something to receive, or, if `to_send`, until the kernel takes more.
  Readiness wait(bool to_send, Time deadline);

  /// Bytes that the peer's kernel has not acknowledged; 0 where the system cannot say.
  std::size_t unacknowledged() const;

  /// Bytes that the peer's kernel may have acknowledged although the program behind it has not read
  /// them, at the most: what the largest window of this connection holds (RFC 7323), less the room
  /// that the peer last said it has. The largest std::size_t where the system cannot say.
  std::size_t unread_limit() const;

  /// And at the least: how far the room that the peer has said it has is below the most that it has
  /// had on this connection. 0 until it has answered what ask_for_window() has it asked, since
  /// nobody tells of room that is made; what is too little to tell from rounding counts as nothing.
  std::size_t surely_unread() const;

  /// Has the peer asked for its window every second while nothing else is sent, where the system
  /// can (keep-alive probes): a program that reads makes room, of which nothing would tell
  /// otherwise.
  void ask_for_window() noexcept;

  /// After the peer has closed its side: waits until everything sent is acknowledged (Ready, also
  /// when the connection broke: `lost` then says so), `deadline` passes, or the caller interrupts.
  Readiness settle(Time deadline, Error& lost);

  /// Half-closes, reads what is still there, closes.
  void close() noexcept;
  /// Closes so that nothing which is still under way is delivered any more.
  void reset() noexcept;

  /// Waits without a connection: TimedOut, or Interrupted.
  Readiness pause(Time until);

 private:
  class Socket;
  std::unique_ptr<Socket> socket_;
};

}  // namespace wmpush::net
