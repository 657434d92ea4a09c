#include "pubpoint/access/log_limiter.hpp"

#include <utility>

namespace wmpush::pubpoint {

std::optional<std::uint64_t> LogLimiter::pass(const std::string& key, Clock::time_point now) {
  Line& line = lines_.use(key);
  if (line.last && now - *line.last < period_) {
    ++line.held_back;
    return std::nullopt;
  }
  line.last = now;
  return std::exchange(line.held_back, 0);
}

std::string and_more(std::uint64_t held_back) {
  return held_back == 0 ? "" : " and " + std::to_string(held_back) + " more";
}

}  // namespace wmpush::pubpoint
