#include "schedule.hpp"

namespace wmpush::tool {

Schedule::Clock::time_point Schedule::due(std::uint32_t send_time, Clock::time_point now) {
  if (!start_) {
    start_ = now;
    latest_ = send_time;
    return now;
  }
  // Send times count modulo 2^32 ms: a step from the last to the first of them is a small one.
  const std::chrono::milliseconds step{static_cast<std::int32_t>(send_time - latest_)};
  if (step >= std::chrono::milliseconds(0) || step < -kLargestDisorder) {
    latest_ = send_time;
    if (step >= std::chrono::milliseconds(0) && step <= kLongestPause) position_ += step;
  }
  const Clock::time_point due = *start_ + position_;
  if (due + kLargestDelay >= now) return due;
  *start_ += now - due;
  return now;
}

}  // namespace wmpush::tool
