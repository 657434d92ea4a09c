// A time written into a packet by its sender and found again by its receiver, on one machine.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace wmpush::bench {

class LatencyStamp {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::string_view kMark = "<wmpush-latency>";
  static constexpr std::size_t kSize = kMark.size() + sizeof(Clock::rep);

  /// Writes a mark and `time` to `to`, which has kSize bytes.
  static void write(char* to, Clock::time_point time) {
    std::memcpy(to, kMark.data(), kMark.size());
    const Clock::rep count = time.time_since_epoch().count();
    std::memcpy(to + kMark.size(), &count, sizeof count);
  }

  /// Looks for stamps in the next piece of a stream that arrived at `now`, and appends to `late`
  /// how long each was on its way. Stops looking when the first megabytes had none.
  void read(std::string_view piece, Clock::time_point now, std::vector<Clock::duration>& late) {
    if (late.empty() && seen_ > kEnough) return;
    seen_ += piece.size();
    carried_.append(piece);
    std::size_t at = 0;
    for (std::size_t found; (found = carried_.find(kMark, at)) != std::string::npos &&
                            found + kSize <= carried_.size();
         at = found + kSize) {
      Clock::rep count;
      std::memcpy(&count, carried_.data() + found + kMark.size(), sizeof count);
      late.push_back(now - Clock::time_point(Clock::duration(count)));
    }
    const std::size_t keep = carried_.size() - at < kSize ? carried_.size() - at : kSize - 1;
    carried_.erase(0, carried_.size() - keep);
  }

 private:
  static constexpr std::uint64_t kEnough = 1 << 20;
  std::uint64_t seen_ = 0;
  std::string carried_;
};

}  // namespace wmpush::bench
