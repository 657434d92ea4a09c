// When a packet is due: the packets' send times laid on the wall clock.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace wmpush::tool {

/// The first packet is due at once, whatever its send time, and each further one as much later as
/// its send time is. Recorded live streams have gaps and clocks that start anew: such a step does
/// not move the schedule, the stream goes on from where it was.
class Schedule {
 public:
  using Clock = std::chrono::steady_clock;

  /// A longer pause between two packets is a gap in the recording, not a pause to keep: servers
  /// drop a push that is silent for a minute.
  static constexpr std::chrono::milliseconds kLongestPause{30'000};
  /// Packets may be out of order by this much; a longer step back is a new clock.
  static constexpr std::chrono::milliseconds kLargestDisorder{5'000};
  /// Who is later than this (a stopped process, a source that paused) does not catch up in a burst.
  static constexpr std::chrono::milliseconds kLargestDelay{10'000};

  /// When the packet with this send time (ms, as in the packet) should go out; not later than `now`
  /// means at once. `duration` is how long it lasts, as the packet says.
  Clock::time_point due(std::uint32_t send_time, Clock::time_point now,
                        std::chrono::milliseconds duration = {});

  /// The next packet is the first of another entry of a playlist, with a clock of its own: it is
  /// due when the last one is over, however far apart their send times are.
  void begin_entry() { entry_begins_ = start_.has_value(); }

 private:
  Clock::time_point not_in_a_burst(Clock::time_point due, Clock::time_point now,
                                   Clock::duration most);

  std::optional<Clock::time_point> start_;  // where on the wall clock position_ 0 lies
  std::chrono::milliseconds position_{0};   // of the latest packet, counted from the first one
  std::chrono::milliseconds end_{0};        // of all packets so far, counted from the first one
  std::uint32_t latest_ = 0;                // its send time
  bool entry_begins_ = false;
};

}  // namespace wmpush::tool
