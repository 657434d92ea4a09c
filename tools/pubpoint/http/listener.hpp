// A TCP socket that clients connect to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace wmpush::pubpoint {

/// Belongs to the server's thread. Descriptors are born close-on-exec: another thread may start a
/// program.
class Listener {
 public:
  struct Place {
    std::string address;     ///< IPv4 or IPv6 literal
    std::uint16_t port = 0;  ///< 0: any free one
    int descriptor = -1;     ///< a socket that another process has made to listen; -1: none
    int receive_buffer = 0;  ///< SO_RCVBUF of connections in bytes; 0: the system's own
    bool tls = false;        ///< clients begin with a handshake
  };
  using Error = boost::system::error_code;

  /// Throws ListenError.
  Listener(boost::asio::io_context& context, const Place& place);

  const boost::asio::ip::tcp::endpoint& endpoint() const { return endpoint_; }
  bool tls() const { return tls_; }
  /// Hands over each client that comes. `failed`: one cannot be accepted, as when there are no
  /// descriptors left; nothing more is until the next accept().
  void accept(std::function<void(boost::asio::ip::tcp::socket)> take,
              std::function<void(const Error&)> failed);
  void close();

 private:
  [[noreturn]] void fail(int error, const std::string& where) const;
  void listen(const Place& place);
  void take_over(int descriptor);
  void take_waiting(boost::asio::ip::tcp::socket& socket, Error& error);

  boost::asio::io_context& context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint endpoint_;
  const bool tls_;
};

}  // namespace wmpush::pubpoint
