// The socket of a client, with TLS or without.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)

#include "core/bytes.hpp"
#include "tls/context.hpp"
#include "tls/stream.hpp"

namespace wmpush::pubpoint {

/// Sends and receives without waiting. Belongs to one thread; release() hands it to another.
class ClientSocket {
 public:
  using Executor = boost::asio::any_io_executor;

  /// Between two threads.
  struct Released {
    int descriptor = -1;  ///< -1: the client has gone
    boost::asio::ip::tcp protocol = boost::asio::ip::tcp::v4();
    std::unique_ptr<tls::Stream> tls;  ///< on the descriptor; null: none
  };

  /// `context`: the client begins with a handshake; null: without TLS.
  ClientSocket(boost::asio::ip::tcp::socket socket, const tls::Context* context);
  /// Owns the descriptor from here on. Where that cannot be, it is not open().
  ClientSocket(const Executor& executor, Released released);
  ClientSocket(ClientSocket&&) = default;

  bool is_open() const { return socket_.is_open(); }
  bool secure() const { return tls_ != nullptr; }
  Executor executor() { return socket_.get_executor(); }
  int descriptor() { return socket_.native_handle(); }
  /// Address and port, for people.
  std::string peer() const;

  /// Only what belongs to the handshake may come.
  bool handshaking() const { return handshaking_; }
  /// Goes on with it: 0 when it is done, EAGAIN, or the errno that it failed with.
  int handshake();
  /// The client has gone, or is silent, without having said anything.
  bool silent() const { return tls_ && tls_->silent(); }
  /// A request in clear came instead of a handshake: the client understands an answer behind
  /// speak_in_clear().
  bool plain_http() const { return tls_ && tls_->plain_http(); }
  void speak_in_clear();
  /// What an errno of this connection means, for people.
  std::string reason(int error) const;

  /// How much came. 0: nothing now (`error` is EAGAIN), the client has closed its side (0), or the
  /// connection is lost (its errno; as tls::Transfer has it).
  std::size_t receive(MutableBytes buffer, int& error);
  /// There may be something to receive though the socket is silent.
  bool has_received() const { return tls_ && !handshaking_ && (end_seen_ || tls_->has_received()); }
  /// How much was taken; what is not all gone goes out with the next call, of send() or flush().
  /// 0 with EAGAIN: the kernel takes nothing now.
  std::size_t send(std::span<const Bytes> parts, int& error);
  bool wants_to_send() const { return tls_ && tls_->wants_to_send(); }
  /// 0: all that was taken has gone; EAGAIN, or the errno of a connection that is lost.
  int flush() { return tls_ ? tls_->flush() : 0; }

  /// Bytes that were sent and that the client's system has not confirmed.
  std::size_t unconfirmed();

  template <typename Handler>
  void wait_readable(Handler handler) {
    socket_.async_wait(boost::asio::socket_base::wait_read, std::move(handler));
  }
  template <typename Handler>
  void wait_writable(Handler handler) {
    socket_.async_wait(boost::asio::socket_base::wait_write, std::move(handler));
  }

  /// Ends our side. EAGAIN: the kernel does not take the end now; call it again when it is
  /// writable.
  int shut_down();
  void close();
  Released release();

 private:
  void prepare();

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<tls::Stream> tls_;  // borrows the descriptor
  bool handshaking_ = false;
  bool end_seen_ = false;  // the client's, behind what was received last
};

}  // namespace wmpush::pubpoint
