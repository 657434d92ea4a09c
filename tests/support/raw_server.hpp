// A receiver that does exactly what a test tells it to, right or wrong: RawClient's other end.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tls/context.hpp"
#include "tls/stream.hpp"

namespace wmpush::test {

/// Listens on a loopback port of its own. Each connection runs the test's script in a thread; the
/// destructor breaks off what still runs, and waits for it.
class RawServer {
 public:
  class Connection {
   public:
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// From 1, in the order in which they came.
    std::size_t number() const { return number_; }
    /// The next request up to the end of its head; empty when the connection has ended before.
    std::string read_head();
    static constexpr std::size_t kAtOnce = 65536;
    /// Whatever has come, at least a byte and at most `most`; empty when the connection has ended.
    std::string read_some(std::size_t most = kAtOnce);
    /// Whether something has come, or the connection has ended, within `time`.
    bool something_within(std::chrono::milliseconds time) const;
    /// Everything up to the end of the connection, or to an $E that ends the stream.
    std::string read_stream();
    bool send(std::string_view text) const;
    /// Says that no more comes, as TLS has it: a close without it is a truncation.
    void close_notify() const;
    /// Without TLS, or once the handshake was good.
    bool established() const { return established_; }
    /// Closes with a RST. Only from the connection's own script.
    void reset();
    /// Ends the connection from any thread.
    void break_off() const;

   private:
    friend class RawServer;
    Connection(int socket, std::size_t number, const tls::Context* tls);
    bool receive(std::size_t most);
    void await(short events) const;

    int socket_;
    std::unique_ptr<tls::Stream> tls_;  // null: none
    std::size_t number_;
    bool established_ = true;
    std::string received_;
  };

  using Script = std::function<void(Connection&)>;

  /// `port`: 0 = any free one. `tls`: each connection begins with a handshake; null: without TLS.
  explicit RawServer(Script script, std::uint16_t port = 0,
                     std::shared_ptr<const tls::Context> tls = {});
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// "wmpush://127.0.0.1:PORT", or wmpushs://, and `target`; `credentials` are "user:password@".
  std::string url(const std::string& target = "/live", const std::string& credentials = "") const;

 private:
  void accept_all();

  Script script_;
  const std::shared_ptr<const tls::Context> tls_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::vector<Connection*> open_;
  std::vector<std::thread> running_;
  std::thread accepting_;
};

}  // namespace wmpush::test
