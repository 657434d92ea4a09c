#include "pubpoint/web/rates.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::chrono::seconds kRemembered{10};
/// A shorter time says little: packets come in bursts.
constexpr std::chrono::milliseconds kShortest{500};

}  // namespace

void Rates::begin(Clock::time_point now) { now_ = now; }

void Rates::take(const std::string& point, std::uint64_t bytes_received) {
  std::deque<Sample>& samples = samples_[point];
  samples.push_back({now_, bytes_received});
  while (samples.size() > 2 && now_ - samples.front().at > kRemembered) samples.pop_front();
}

void Rates::end() {
  std::erase_if(samples_, [this](const auto& each) { return each.second.back().at != now_; });
}

std::uint64_t Rates::bitrate(const std::string& point) const {
  const auto found = samples_.find(point);
  if (found == samples_.end()) return 0;
  const Sample& first = found->second.front();
  const Sample& last = found->second.back();
  if (last.at - first.at < kShortest || last.bytes < first.bytes) return 0;
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  return static_cast<std::uint64_t>(8.0 * static_cast<double>(last.bytes - first.bytes) / seconds);
}

}  // namespace wmpush::pubpoint
