// The media playlist of a publishing point, and the segments that it names (RFC 8216).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// Content that many may be sent at the same time.
using SharedText = std::shared_ptr<const std::string>;

/// Goes on over runs of a packager: sequence numbers never go back, and no name comes twice.
class Playlist {
 public:
  struct Limits {
    std::size_t segments = 6;                      ///< that are listed
    std::size_t memory = std::size_t{64} << 20;    ///< bytes of all segments; one always stays
    std::chrono::milliseconds segment_time{2000};  ///< what a segment is meant to last
  };
  explicit Playlist(Limits limits) : limits_(limits) {}

  /// What is added from now on begins with `init`. `name` is of this run alone, and fit for a URL.
  void begin_run(std::string name, SharedText init);
  void add(SharedText segment, std::chrono::microseconds duration);
  /// Nothing is added any more, until clear().
  void end() { ended_ = true; }
  /// Forgets the segments; the numbers go on.
  void clear();

  /// There is something to play.
  bool has_segments() const { return !segments_.empty(); }
  std::size_t size() const { return segments_.size(); }
  bool has_ended() const { return ended_; }
  /// Seconds, rounded: what EXT-X-TARGETDURATION says.
  std::chrono::seconds target_duration() const;
  /// The playlist. What it names is `folder` and the name behind it, with `query` where there is
  /// one: both are fit for a URL.
  std::string text(std::string_view folder, std::string_view query) const;
  /// A segment, or what a run begins with, by its name. Null when it is not there (any more).
  SharedText find(std::string_view name) const;

 private:
  struct Run {
    std::string name;
    SharedText init;
    std::uint64_t added = 0;

    std::string init_name() const { return name + "-init.mp4"; }
  };
  struct Segment {
    std::shared_ptr<const Run> run;
    std::string name;
    SharedText bytes;
    std::chrono::microseconds duration{0};
    bool is_listed = true;
    bool begins_run = false;  // and another one was before
  };
  void unlist(Segment& segment);

  const Limits limits_;
  std::shared_ptr<Run> run_;
  bool is_first_ = true;               // no run was before this one
  std::deque<Segment> segments_;       // those that are not listed any more first
  std::uint64_t sequence_ = 0;         // of the first that is listed
  std::uint64_t discontinuities_ = 0;  // before it
  std::size_t bytes_ = 0;
  std::chrono::microseconds longest_{0};
  bool ended_ = false;
};

}  // namespace wmpush::pubpoint
