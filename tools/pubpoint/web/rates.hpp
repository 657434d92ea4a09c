// How many bits a second come in at each point, over the last seconds.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

/// Is told every second or so how many bytes have come, and remembers ten seconds of it. A point
/// that it is not told of any more is forgotten.
class Rates {
 public:
  /// Begins a round: each point that there is follows by take().
  void begin(Clock::time_point now);
  void take(const std::string& point, std::uint64_t bytes_received);
  void end();

  /// bit/s; 0 when nothing came, or nothing can be said yet.
  std::uint64_t bitrate(const std::string& point) const;

 private:
  struct Sample {
    Clock::time_point at;
    std::uint64_t bytes;
  };
  std::map<std::string, std::deque<Sample>> samples_;
  Clock::time_point now_{};
};

}  // namespace wmpush::pubpoint
