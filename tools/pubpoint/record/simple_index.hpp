// The index that makes a recording seekable: where the key frames of one video stream are.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asf/guid.hpp"
#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// Builds a Simple Index Object (ASF 6.1) as packets go by. It has an entry for each second until
/// there are as many as it may have; from then on for every 2 s, 4 s, and so on. So it always leads
/// to the whole recording, in memory that neither its length nor a gap in its times decides.
class SimpleIndex {
 public:
  /// Between entries at first: 100 ns units in the file, ms here.
  static constexpr std::uint32_t kInterval = 1000;
  static constexpr std::size_t kFewestEntries = 16;

  /// Entries that it may have from now on, kFewestEntries at least. Never less than before.
  void allow(std::size_t entries);

  /// A key frame begins in packet `packet` (from 0); `time` is its presentation time in ms.
  void begin_key_frame(std::uint64_t time, std::uint32_t packet, std::uint32_t object);
  /// Packet `packet` has a part of media object `object`.
  void note_part(std::uint32_t packet, std::uint32_t object);
  /// The time of the stream has reached `time` ms.
  void advance(std::uint64_t time);

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
  void halve();

  std::vector<Entry> entries_;  // entry i: the last key frame at or before i times interval_
  std::size_t allowed_ = kFewestEntries;
  std::uint64_t interval_ = kInterval;  // ms
  Entry current_;
  std::uint32_t current_object_ = 0;
  std::uint64_t current_time_ = 0;
  std::uint64_t last_time_ = 0;
  bool seen_ = false;
};

}  // namespace wmpush::pubpoint
