// A server that a test starts and asks to stop. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <csignal>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace wmpush::test {

/// Runs from the constructor to the destructor, which sends a signal to end it, so that the program
/// can end what it started itself, and kills it after 20 s.
class Daemon {
 public:
  explicit Daemon(const std::vector<std::string>& command, int end_signal = SIGTERM)
      : child_(command), end_signal_(end_signal) {}
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Whether it takes TCP connections on this port of 127.0.0.1 before 20 s have passed, or it has
  /// ended.
  bool listens(std::uint16_t port) const;
  /// What it printed so far.
  std::string said() const { return child_.output() + child_.error_text(); }

 private:
  ChildProcess child_;
  const int end_signal_;
};

}  // namespace wmpush::test
