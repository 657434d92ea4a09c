// The index that makes a recording seekable: where the key frames of one video stream are.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "asf/guid.hpp"
#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// Builds a Simple Index Object (ASF 6.1) as packets go by, in memory that grows with the seconds
/// of the recording and not with its key frames.
class SimpleIndex {
 public:
  /// An entry for each second: 100 ns units in the file, ms here.
  static constexpr std::uint32_t kInterval = 1000;
  /// Eleven days. What comes later in a recording is found from its last entry.
  static constexpr std::size_t kMaxEntries = 1'000'000;

  /// A key frame begins in packet `packet` (from 0); `time` is its presentation time in ms.
  void begin_key_frame(std::uint32_t time, std::uint32_t packet, std::uint32_t object);
  /// Packet `packet` has a part of media object `object`.
  void note_part(std::uint32_t packet, std::uint32_t object);
  /// The time of the stream has reached `time` ms.
  void advance(std::uint32_t time);

  /// No key frame was seen: there is nothing to write.
  bool empty() const { return !seen_; }
  /// The whole object.
  std::vector<std::byte> take(const asf::Guid& file_id);

 private:
  struct Entry {
    std::uint32_t packet = 0;
    std::uint16_t count = 1;
  };

  void fill_before(std::uint64_t time);

  std::vector<Entry> entries_;  // entry i: the last key frame at or before second i
  Entry current_;
  std::uint32_t current_object_ = 0;
  std::uint32_t current_time_ = 0;
  std::uint32_t last_time_ = 0;
  bool seen_ = false;
};

}  // namespace wmpush::pubpoint
