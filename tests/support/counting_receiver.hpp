// A receiver that counts what it gets, fast enough for thousands of sessions in a test.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace wmpush::test {

/// Takes one connection after the other on a loopback port of its own, in one thread. Sessions are
/// told apart by their path.
class CountingReceiver {
 public:
  struct Manner {
    std::string challenge = {};  ///< WWW-Authenticate for a PushSetup without Authorization
    bool loses_once = false;     ///< resets each session's first connection within its stream
  };
  struct Tally {
    std::size_t headers = 0;  ///< $H and $C
    std::set<std::string> packets;
    bool ended = false;  ///< $E with reason 0
    bool lost = false;
    bool breach = false;
  };

  explicit CountingReceiver(Manner manner);
  ~CountingReceiver();
  CountingReceiver(const CountingReceiver&) = delete;
  CountingReceiver& operator=(const CountingReceiver&) = delete;

  std::uint16_t port() const { return port_; }
  /// What has come for a path so far.
  Tally tally(const std::string& path) const;

 private:
  struct Peer;
  void accept_all();
  void serve(Peer& peer);
  bool take_stream(Peer& peer, const std::string& path, std::size_t length);

  const Manner manner_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::map<std::string, Tally> tallies_;
  std::thread thread_;
};

}  // namespace wmpush::test
