// A receiver that never stops sending.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <ostream>
#include <string>
#include <vector>

#include "support/raw_server.hpp"

namespace wmpush::test {

/// What is sent again and again behind `first`.
struct Torrent {
  const char* name;
  std::string first;
  std::string again;
  bool slow = false;  ///< a byte each millisecond: nothing but a deadline ends that soon
};

void PrintTo(const Torrent& torrent, std::ostream* out);

/// Interim responses, successes, header fields, cookies, one line, a body, and a drip.
std::vector<Torrent> torrents();

/// Sends a torrent to everyone who connects, for as long as it is taken.
class EndlessPeer {
 public:
  enum class When { InsteadOfSetup, InTheStream };

  EndlessPeer(Torrent torrent, When when);

  std::string url() const { return server_.url(); }
  /// Whether the torrent has begun.
  bool sending() const { return sending_; }
  /// Waits for that; false when it does not within ten seconds.
  bool wait_until_sending() const;

 private:
  void serve(RawServer::Connection& connection);

  const Torrent torrent_;
  const When when_;
  std::atomic<bool> sending_ = false;
  RawServer server_;  // the last: its threads use the others
};

}  // namespace wmpush::test
