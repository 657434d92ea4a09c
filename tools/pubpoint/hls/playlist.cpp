#include "pubpoint/hls/playlist.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace wmpush::pubpoint {
namespace {

/// Who reads an older playlist still gets what stands at its beginning.
constexpr std::size_t kKeptBehind = 4;

}  // namespace

void Playlist::begin_run(std::string name, SharedText init) {
  is_first_ = is_first_ && run_ == nullptr;
  run_ = std::make_shared<Run>(Run{std::move(name), std::move(init)});
}

void Playlist::add(SharedText segment, std::chrono::microseconds duration) {
  const std::uint64_t number = run_->added++;
  longest_ = std::max(longest_, duration);
  bytes_ += segment->size();
  segments_.push_back({.run = run_,
                       .name = run_->name + "-" + std::to_string(number) + ".m4s",
                       .bytes = std::move(segment),
                       .duration = duration,
                       .begins_run = number == 0 && !is_first_});
  std::size_t listed = 0;
  for (auto each = segments_.rbegin(); each != segments_.rend(); ++each)
    if (each->is_listed && ++listed > limits_.segments) unlist(*each);
  while (segments_.size() > 1 &&
         (segments_.size() > limits_.segments + kKeptBehind || bytes_ > limits_.memory)) {
    unlist(segments_.front());
    bytes_ -= segments_.front().bytes->size();
    segments_.pop_front();
  }
}

void Playlist::unlist(Segment& segment) {
  if (!std::exchange(segment.is_listed, false)) return;
  ++sequence_;
  if (segment.begins_run) ++discontinuities_;
}

void Playlist::clear() {
  for (Segment& segment : segments_) unlist(segment);
  segments_.clear();
  bytes_ = 0;
  longest_ = {};
  ended_ = false;
}

std::chrono::seconds Playlist::target_duration() const {
  const std::chrono::microseconds longest =
      std::max<std::chrono::microseconds>(longest_, limits_.segment_time);
  return std::max(std::chrono::round<std::chrono::seconds>(longest), std::chrono::seconds(1));
}

std::string Playlist::text(std::string_view folder, std::string_view query) const {
  const auto uri = [&](const std::string& name) {
    std::string all(folder);
    all += name;
    if (!query.empty()) all.append("?").append(query);
    return all;
  };
  std::string text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:" +
                     std::to_string(target_duration().count()) +
                     "\n#EXT-X-MEDIA-SEQUENCE:" + std::to_string(sequence_) +
                     "\n#EXT-X-DISCONTINUITY-SEQUENCE:" + std::to_string(discontinuities_) +
                     "\n#EXT-X-INDEPENDENT-SEGMENTS\n";
  const Run* run = nullptr;
  for (const Segment& segment : segments_) {
    if (!segment.is_listed) continue;
    if (segment.begins_run) text += "#EXT-X-DISCONTINUITY\n";
    if (segment.run.get() != run)
      text += "#EXT-X-MAP:URI=\"" + uri(segment.run->init_name()) + "\"\n";
    run = segment.run.get();
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.6f",
                  std::chrono::duration<double>(segment.duration).count());
    text.append("#EXTINF:").append(seconds).append(",\n").append(uri(segment.name)).append("\n");
  }
  if (ended_) text += "#EXT-X-ENDLIST\n";
  return text;
}

SharedText Playlist::find(std::string_view name) const {
  for (const Segment& segment : segments_) {
    if (segment.name == name) return segment.bytes;
    if (segment.run->init_name() == name) return segment.run->init;
  }
  return nullptr;
}

}  // namespace wmpush::pubpoint
