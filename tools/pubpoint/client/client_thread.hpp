// A thread in which the server asks other servers.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <optional>
#include <thread>
#include <utility>  // before Asio's work, which forgets it (Boost 1.74)

namespace wmpush::pubpoint {

/// Neither a slow name server nor a handshake holds a packet up that way.
class ClientThread {
 public:
  ClientThread();
  /// Calls `last` in the thread, and waits until nothing is under way there.
  void stop(std::function<void()> last);
  ~ClientThread();
  ClientThread(const ClientThread&) = delete;
  ClientThread& operator=(const ClientThread&) = delete;

  boost::asio::io_context& context() { return context_; }
  /// Trusts the authorities of the system, or those of SSL_CERT_FILE.
  boost::asio::ssl::context& tls() { return tls_; }

 private:
  void run();

  boost::asio::io_context context_{1};
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_{
      boost::asio::make_work_guard(context_)};
  std::thread thread_;
};

}  // namespace wmpush::pubpoint
