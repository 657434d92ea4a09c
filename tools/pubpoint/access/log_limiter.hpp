// Keeps lines that one peer can cause at will from filling the log.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "pubpoint/access/recency_map.hpp"
#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

class LogLimiter {
 public:
  /// Lets a line of each key through once in `period`; the latest `keys` keys are remembered.
  explicit LogLimiter(std::chrono::milliseconds period = std::chrono::seconds(1),
                      std::size_t keys = 1000)
      : period_(period), lines_(keys) {}

  /// How many lines of that key were held back since the last one that went through; nothing when
  /// this one is held back as well.
  std::optional<std::uint64_t> pass(const std::string& key, Clock::time_point now);

 private:
  struct Line {
    std::optional<Clock::time_point> last;
    std::uint64_t held_back = 0;
  };

  const std::chrono::milliseconds period_;
  RecencyMap<Line> lines_;
};

/// What a line ends with when so many like it were held back: "", " and 17 more".
std::string and_more(std::uint64_t held_back);

}  // namespace wmpush::pubpoint
