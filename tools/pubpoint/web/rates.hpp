// How many bits and frames a second come in at each point, over the last seconds.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

/// What has come so far.
struct Received {
  std::uint64_t bytes = 0;
  std::uint64_t frames = 0;  ///< of the video
};

/// Is told every second or so what has come, and remembers ten seconds of it. A point
/// that it is not told of any more is forgotten.
class Rates {
 public:
  /// Begins a round: each point that there is follows by take().
  void begin(Clock::time_point now);
  void take(const std::string& point, const Received& received);
  void end();

  /// bit/s; 0 when nothing came, or nothing can be said yet.
  std::uint64_t bitrate(const std::string& point) const;
  /// Frames/s; nothing when none came, or nothing can be said yet.
  std::optional<double> frame_rate(const std::string& point) const;

 private:
  struct Sample {
    Clock::time_point at;
    Received received;
  };
  /// The time from the first sample to the last, and what came in it; nothing when that says
  /// little.
  struct Span {
    double seconds = 0;
    Received received;
  };
  std::optional<Span> span_of(const std::string& point) const;

  std::map<std::string, std::deque<Sample>> samples_;
  Clock::time_point now_{};
};

}  // namespace wmpush::pubpoint
