// A connection to another server, in clear or over TLS.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/resolver.hpp"
#include "pubpoint/client/client_thread.hpp"
#include "wmhttp/url.hpp"

namespace wmpush::pubpoint {

/// Belongs to the thread. What is under way keeps it.
class ClientStream : public std::enable_shared_from_this<ClientStream> {
 public:
  /// Called once, unless it is closed before: `why` is a part of a line, empty when it is open.
  using Opened = std::function<void(const std::string& why)>;

  ClientStream(ClientThread& thread, wmhttp::Destination server);

  /// Resolves, connects, and where it is over TLS, verifies the certificate for the host.
  void open(Opened opened);
  /// Everything that is under way ends with an error.
  void close();
  bool closed() const { return closed_; }
  /// What is under way from then on fails when it takes longer.
  void expires_after(std::chrono::milliseconds time) { plain_.expires_after(time); }

  /// Calls `act` with the stream of Asio that it is.
  template <typename Act>
  void with(Act act) {
    secure_ ? act(*secure_) : act(plain_);
  }

 private:
  void resolved();
  void connect(const std::vector<boost::asio::ip::tcp::endpoint>& places);
  void shake_hands();
  void fail(const char* what, const boost::system::error_code& error);
  void finish(const std::string& why);

  const wmhttp::Destination server_;
  // Asio's own has one thread for all names, which a server that does not answer holds up, and
  // which the end would have to wait for.
  net::Lookup lookup_;
  boost::asio::posix::stream_descriptor looked_up_;  // readable when it is done
  boost::beast::tcp_stream plain_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream&>> secure_;
  Opened opened_;
  bool closed_ = false;
};

}  // namespace wmpush::pubpoint
