#include "schedule.hpp"

#include <algorithm>
#include <utility>

namespace wmpush::tool {

Schedule::Clock::time_point Schedule::due(std::uint32_t send_time, Clock::time_point now,
                                          std::chrono::milliseconds duration) {
  if (!start_) {
    start_ = now;
    latest_ = send_time;
    end_ = duration;
    return now;
  }
  if (std::exchange(entry_begins_, false)) {
    latest_ = send_time;
    position_ = end_;
    end_ += duration;
    // An entry that was late to begin has nothing to catch up with.
    return not_in_a_burst(*start_ + position_, now, {});
  }
  // Send times count modulo 2^32 ms: a step from the last to the first of them is a small one.
  const std::chrono::milliseconds step{static_cast<std::int32_t>(send_time - latest_)};
  if (step >= std::chrono::milliseconds(0) || step < -kLargestDisorder) {
    latest_ = send_time;
    if (step >= std::chrono::milliseconds(0) && step <= kLongestPause) position_ += step;
  }
  end_ = std::max(end_, position_ + duration);
  return not_in_a_burst(*start_ + position_, now, kLargestDelay);
}

/// `due`, or `now` when it is later than by `most`: then all that follows is put off as well.
Schedule::Clock::time_point Schedule::not_in_a_burst(Clock::time_point due, Clock::time_point now,
                                                     Clock::duration most) {
  if (due + most >= now) return due;
  *start_ += now - due;
  return now;
}

}  // namespace wmpush::tool
