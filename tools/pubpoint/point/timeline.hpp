// One timeline for everything that is ever pushed to a point: who watches does not see that an
// encoder came back, or that the next entry of a playlist began.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "pubpoint/point/stream_gate.hpp"
#include "pubpoint/point/stream_item.hpp"

namespace wmpush::pubpoint {

class Timeline {
 public:
  /// An entry begins. True when it goes on where the last one ended, with the same streams: then it
  /// begins at its first key frame, one frame after the last picture, however long the pause was.
  bool begin(std::shared_ptr<const EntryHeader> header);

  /// A packet of the entry as viewers get it. Null when nothing of it is for them: it is malformed,
  /// or lies before the key frame that a continued entry begins with.
  std::shared_ptr<const Packet> take(Bytes packet);

  /// The entry's header; null before the first.
  const std::shared_ptr<const EntryHeader>& header() const { return header_; }

 private:
  struct StreamTime {
    bool seen = false;
    std::uint32_t latest = 0;  // ms
    std::uint32_t step = 0;    // ms from the object before the latest one
  };
  std::optional<std::uint32_t> first_key_frame(Bytes packet) const;
  /// Also counts the frames that begin in it.
  void note_times(Packet& packet);
  std::uint32_t next_time() const;

  std::shared_ptr<const EntryHeader> header_;
  std::optional<StreamGate> gate_;  // while a continued entry's streams begin
  bool joining_ = false;            // its first key frame has not come yet
  std::uint32_t shift_ = 0;         // ms added to every time
  std::array<StreamTime, 128> times_{};
};

}  // namespace wmpush::pubpoint
