#include "pubpoint/web/rates.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::chrono::seconds kRemembered{10};
/// A shorter time says little: packets come in bursts.
constexpr std::chrono::milliseconds kShortest{500};

}  // namespace

void Rates::begin(Clock::time_point now) { now_ = now; }

void Rates::take(const std::string& point, const Received& received) {
  std::deque<Sample>& samples = samples_[point];
  samples.push_back({now_, received});
  while (samples.size() > 2 && now_ - samples.front().at > kRemembered) samples.pop_front();
}

void Rates::end() {
  std::erase_if(samples_, [this](const auto& each) { return each.second.back().at != now_; });
}

std::optional<Rates::Span> Rates::span_of(const std::string& point) const {
  const auto found = samples_.find(point);
  if (found == samples_.end()) return std::nullopt;
  const Sample& first = found->second.front();
  const Sample& last = found->second.back();
  if (last.at - first.at < kShortest || last.received.bytes < first.received.bytes)
    return std::nullopt;
  return Span{
      std::chrono::duration<double>(last.at - first.at).count(),
      {last.received.bytes - first.received.bytes, last.received.frames - first.received.frames}};
}

std::uint64_t Rates::bitrate(const std::string& point) const {
  const auto span = span_of(point);
  if (!span) return 0;
  return static_cast<std::uint64_t>(8.0 * static_cast<double>(span->received.bytes) /
                                    span->seconds);
}

std::optional<double> Rates::frame_rate(const std::string& point) const {
  const auto span = span_of(point);
  if (!span || span->received.frames == 0) return std::nullopt;
  return static_cast<double>(span->received.frames) / span->seconds;
}

}  // namespace wmpush::pubpoint
