// A forward proxy as small as can be, for tests of what is pushed through one.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pubpoint/access/gatekeeper.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::test {

/// Forgets what the machine's environment says about proxies, for this test program and for what it
/// starts.
void forget_proxies();

/// Takes requests with a whole address (http://host:port/path), gives each to the origin on a
/// connection of its own, as squid does, and hands on what comes, in both directions, at once. It
/// adds Via to requests and responses and keeps its client's connection. To CONNECT it answers with
/// a length, which means nothing there, and then hands on whatever comes.
class ForwardProxy {
 public:
  struct Settings {
    pubpoint::Authentication authentication{};
    bool close_after_challenge = false;
  };

  ForwardProxy() : ForwardProxy(Settings{}) {}
  explicit ForwardProxy(Settings settings);
  ~ForwardProxy();
  ForwardProxy(const ForwardProxy&) = delete;
  ForwardProxy& operator=(const ForwardProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// "http://127.0.0.1:PORT", with `credentials` ("user:password") in front of the host.
  std::string url(const std::string& credentials = {}) const;

  /// Requests with credentials, oldest first.
  std::vector<pubpoint::Attempt> attempts() const;
  /// The heads of all requests, as they came.
  std::vector<std::string> heads() const;
  /// What clients did that a proxy cannot work with, or must not be told.
  std::vector<std::string> breaches() const;
  std::uint64_t client_connections() const { return client_connections_; }
  std::uint64_t origin_connections() const { return origin_connections_; }

 private:
  struct Request;

  void accept_clients();
  void serve(int client);
  bool serve_request(int client, std::string& input);
  bool challenge(int client, const Request& request, std::string& input,
                 const std::string& challenges);
  void tunnel(int client, int origin, std::string& input) const;
  bool relay(int client, int origin, std::string& input, std::uint64_t body_left);
  void breach(std::string text);

  const Settings settings_;
  int listener_ = -1;
  int stop_[2] = {-1, -1};  // a pipe whose end wakes every thread up
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  pubpoint::Gatekeeper gatekeeper_;
  std::vector<pubpoint::Attempt> attempts_;
  std::vector<std::string> heads_;
  std::vector<std::string> breaches_;
  std::atomic<std::uint64_t> client_connections_{0};
  std::atomic<std::uint64_t> origin_connections_{0};
  std::vector<std::thread> clients_;
  std::thread acceptor_;
};

}  // namespace wmpush::test
