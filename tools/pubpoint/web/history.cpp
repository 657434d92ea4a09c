#include "pubpoint/web/history.hpp"

#include <utility>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kMaxSamples = kHistoryTime / kHistoryStep + 1;
constexpr std::size_t kMaxEvents = 20;

template <typename Event>
void append(std::deque<Event>& events, Event event) {
  events.push_back(std::move(event));
  if (events.size() > kMaxEvents) events.pop_front();
}

}  // namespace

void History::begin(Clock::time_point now, std::chrono::system_clock::time_point wall) {
  ++round_;
  now_ = now;
  wall_ = wall;
  takes_samples_ = !last_sample_ || now - *last_sample_ >= kHistoryStep;
  if (!takes_samples_) return;
  last_sample_ = now;
  ++samples_taken_;
}

void History::take(const std::string& point, AirState state, std::uint64_t bitrate,
                   std::size_t viewers) {
  Entry& entry = points_[point];
  if (!entry.is_known() || entry.state != state) {
    entry.state = state;
    entry.since = wall_;
  }
  entry.round = round_;
  if (!takes_samples_) return;
  entry.samples.push_back({now_, bitrate, viewers});
  while (entry.samples.size() > kMaxSamples || now_ - entry.samples.front().at > kHistoryTime)
    entry.samples.pop_front();
}

void History::end() {
  std::erase_if(points_, [this](const auto& each) { return each.second.round != round_; });
}

void History::note(const std::string& point, PushEvent event) {
  // One that was made since the last round is told of in the next one, or has gone by then.
  append(points_[point].events, std::move(event));
}

void History::note_recording(const std::string& point, RecordingEvent event) {
  append(points_[point].recordings, std::move(event));
}

const History::Point* History::find(const std::string& point) const {
  const auto found = points_.find(point);
  return found == points_.end() ? nullptr : &found->second;
}

}  // namespace wmpush::pubpoint
