// What happened at each point: ten minutes of samples, and the last pushes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "pubpoint/clock.hpp"
#include "pubpoint/point/air_state.hpp"

namespace wmpush::pubpoint {

/// How far back a history goes, and how often it is added to.
inline constexpr std::chrono::minutes kHistoryTime{10};
inline constexpr std::chrono::seconds kHistoryStep{5};

/// A point at one moment.
struct HistorySample {
  Clock::time_point at{};
  std::uint64_t bitrate = 0;  ///< bit/s that came in
  std::size_t viewers = 0;
};

/// A push began, or ended.
struct PushEvent {
  std::chrono::system_clock::time_point at{};
  bool begun = false;
  std::string peer;
  std::string user_agent;
  std::string because;  ///< it ended; one line
};

/// A file of a recording was finished.
struct RecordingEvent {
  std::chrono::system_clock::time_point at{};
  std::string name;  ///< of the file, without its directory
  std::uint64_t bytes = 0;
  std::chrono::milliseconds duration{0};
};

/// Is told every second or so how each point is. A point that it is not told of any more is
/// forgotten.
class History {
 public:
  struct Point {
    AirState state = AirState::Off;
    std::chrono::system_clock::time_point since{};  ///< that it is in this state
    std::deque<HistorySample> samples;              ///< oldest first
    std::deque<PushEvent> events;                   ///< the last ones, oldest first
    std::deque<RecordingEvent> recordings;          ///< likewise

    /// Its state is; of a point that was made just now the events alone may be.
    bool is_known() const { return since != std::chrono::system_clock::time_point{}; }
  };

  /// Begins a round: each point that there is follows by take(). `wall` is the same moment for
  /// people.
  void begin(Clock::time_point now, std::chrono::system_clock::time_point wall);
  void take(const std::string& point, AirState state, std::uint64_t bitrate, std::size_t viewers);
  void end();

  void note(const std::string& point, PushEvent event);
  void note_recording(const std::string& point, RecordingEvent event);

  /// Null: not told of yet.
  const Point* find(const std::string& point) const;
  /// How often samples were taken, of all points at the same time.
  std::uint64_t samples_taken() const { return samples_taken_; }

 private:
  struct Entry : Point {
    std::uint64_t round = 0;  // that it was told of last
  };
  std::map<std::string, Entry> points_;
  std::uint64_t round_ = 0;
  Clock::time_point now_{};
  std::chrono::system_clock::time_point wall_{};
  std::optional<Clock::time_point> last_sample_;
  std::uint64_t samples_taken_ = 0;
  bool takes_samples_ = false;  // in this round
};

}  // namespace wmpush::pubpoint
