// How long it takes until another try: each wait is twice as long as the one before.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace wmpush::pubpoint {

class RetryDelay {
 public:
  RetryDelay(std::chrono::milliseconds first, std::chrono::milliseconds longest)
      : first_(first), longest_(longest) {}

  /// The wait before the next try.
  std::chrono::milliseconds next() {
    const std::chrono::milliseconds now = next_.value_or(first_);
    next_ = std::min(now * 2, longest_);
    return now;
  }
  /// It has worked: the next wait is the first again.
  void reset() { next_.reset(); }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds longest_;
  std::optional<std::chrono::milliseconds> next_;
};

}  // namespace wmpush::pubpoint
