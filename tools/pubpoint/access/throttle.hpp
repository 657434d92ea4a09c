// How long an address that says wrong passwords waits for its answers.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "pubpoint/access/recency_map.hpp"
#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

struct ThrottleSettings {
  std::chrono::milliseconds first{250};      ///< the delay of the second wrong one in a row
  std::chrono::milliseconds longest{5000};   ///< it doubles up to this
  std::chrono::milliseconds forget{60'000};  ///< without a wrong one
  std::size_t addresses = 10'000;            ///< that are remembered, the latest; 1 or more
};

class Throttle {
 public:
  explicit Throttle(ThrottleSettings settings = {})
      : settings_(settings), failures_(settings.addresses) {}

  /// A wrong password came from `address`, a literal without a port: how long its answer waits. All
  /// addresses of one IPv6 network (/64) count as one.
  std::chrono::milliseconds failed(std::string_view address, Clock::time_point now);
  /// A right password came from there.
  void succeeded(std::string_view address);
  /// Addresses that are remembered.
  std::size_t size() const { return failures_.size(); }

 private:
  struct Failures {
    std::chrono::milliseconds next{0};
    Clock::time_point last;
  };

  const ThrottleSettings settings_;
  RecencyMap<Failures> failures_;
};

}  // namespace wmpush::pubpoint
