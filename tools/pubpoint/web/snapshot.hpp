// The numbers of a server at one moment: counted where things happen, gathered here, and shown in
// several forms.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/hls/hls_numbers.hpp"
#include "pubpoint/limit_counts.hpp"
#include "pubpoint/origin/origin_numbers.hpp"
#include "pubpoint/point/air_state.hpp"
#include "pubpoint/pull/viewer_counts.hpp"
#include "pubpoint/relay/relay_numbers.hpp"
#include "pubpoint/web/history.hpp"
#include "pubpoint/web/totals.hpp"

namespace wmpush::pubpoint {

class Service;

struct StreamNumbers {
  unsigned number = 0;
  std::string kind;               ///< "video", "audio", "other"
  std::string codec;              ///< "WMV2", "WMA 2", or a number in hexadecimal
  std::uint32_t bitrate = 0;      ///< bit/s, as declared; 0: unknown
  std::uint32_t width = 0;        ///< pixels; video only
  std::uint32_t height = 0;       ///< pixels; video only
  std::uint32_t channels = 0;     ///< audio only
  std::uint32_t sample_rate = 0;  ///< Hz; audio only
};

/// A sample of the history, by how old it is.
struct AgedSample {
  std::chrono::milliseconds age{0};
  std::uint64_t bitrate = 0;  ///< bit/s that came in
  std::size_t viewers = 0;
};

struct PointNumbers {
  std::string name;     ///< "/live"
  bool on_air = false;  ///< there is something for a viewer to see
  bool has_pusher = false;
  std::optional<std::chrono::milliseconds> pushed_for;  ///< since the push that runs has begun
  std::uint64_t pushes = 0;                             ///< that ever came
  std::uint64_t packets = 0;                            ///< of all pushes
  std::uint64_t bytes_received = 0;                     ///< of headers and packets
  std::uint64_t bitrate = 0;  ///< bit/s that came in the last seconds; 0: nothing, or not known yet
  std::optional<double> frame_rate;  ///< frames/s of the video in the last seconds; not known yet,
                                     ///< or there is no video: nothing
  std::optional<std::chrono::milliseconds> key_frame_age;
  std::vector<StreamNumbers> streams;  ///< on air
  ViewerCounts viewers;
  std::vector<RelayNumbers> relays;     ///< that push on what comes here
  std::optional<OriginNumbers> origin;  ///< where what is shown comes from another server
  std::optional<HlsNumbers> hls;        ///< where browsers can watch
  bool begins_when_asked = false;       ///< it is off only because nobody watches
  AirState state = AirState::Off;
  std::chrono::system_clock::time_point since{};  ///< that it is in this state
  std::vector<AgedSample> history;                ///< oldest first; empty unless asked for
  /// Counts the key frames that a picture can be made of; 0: there is none now. Nothing where the
  /// server makes no pictures.
  std::optional<std::uint64_t> picture;
};

struct Snapshot {
  std::string version;  ///< of wmpush
  std::chrono::system_clock::time_point taken_at{};
  std::chrono::system_clock::time_point started{};  ///< the server
  std::chrono::milliseconds running_for{0};
  std::uint64_t connections = 0;  ///< that ever came
  std::uint64_t requests = 0;
  Totals totals;
  LimitCounts limits_met;
  std::vector<PointNumbers> points;  ///< those that were chosen, by name
  bool is_of_one = false;            ///< one was chosen by its name, whether or not it is there
  std::size_t page = 1;              ///< that they are
  std::size_t pages = 1;             ///< that there are
};

/// Points on a page of them.
inline constexpr std::size_t kPointsOnPage = 100;

/// Which points a snapshot is of: what is not shown costs nothing.
struct PointChoice {
  std::string only{};    ///< the one of that name, if there is one; empty: those of a page
  std::size_t page = 0;  ///< counts from 1, and past the last one it is the last; 0: all points
  auto operator<=>(const PointChoice&) const = default;
};

/// In the server's thread. Without the history, which pages and their events alone show.
Snapshot take_snapshot(const Service& service, const PointChoice& choice = {});

/// Adds to `point` what `history` has of it.
void add_history(PointNumbers& point, const History& history, Clock::time_point now);

}  // namespace wmpush::pubpoint
