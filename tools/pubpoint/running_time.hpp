// Milliseconds that an ASF stream counts in 32 bits, which wrap around every 49.7 days.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace wmpush::pubpoint {

/// Follows the times of a stream across the wrap-around: a time is as far from the latest one as
/// the signed 32-bit difference says.
class RunningTime {
 public:
  /// `first` counts as `begin`, in ms.
  RunningTime(std::uint32_t first, std::int64_t begin) : raw_(first), latest_(begin) {}

  /// ms; less than `begin` for a time before the first one.
  std::int64_t at(std::uint32_t time) const {
    return latest_ + static_cast<std::int32_t>(time - raw_);
  }
  /// As at(), and `time` is the latest one from now on.
  std::int64_t advance(std::uint32_t time) {
    latest_ = at(time);
    raw_ = time;
    return latest_;
  }

 private:
  std::uint32_t raw_;
  std::int64_t latest_;
};

}  // namespace wmpush::pubpoint
