// What stands between a push and its publishing point. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace wmpush::test {

/// A proxy that runs on a port of 127.0.0.1 from its constructor to its destructor. The constructor
/// throws std::runtime_error, with what the program said, when it does not run.
class Proxy {
 public:
  Proxy() = default;
  virtual ~Proxy() = default;
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  virtual std::uint16_t port() const = 0;
  /// What it printed and what its log files say.
  virtual std::string log() const = 0;
};

}  // namespace wmpush::test
