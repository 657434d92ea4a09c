// Lets a viewer have whole pictures only, and only the streams that were asked for.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "asf/packet_edit.hpp"
#include "pubpoint/point/stream_item.hpp"

namespace wmpush::pubpoint {

/// How much of a stream is wanted (stream-switch-entry, MS-WMSP 2.2.1.4.27).
enum class Thinning : std::uint8_t { All = 0, KeyFrames = 1, Off = 2 };

/// A stream opens where one of its objects begins: a video stream at a key frame.
class StreamGate {
 public:
  explicit StreamGate(const EntryHeader& header);

  /// A stream that is switched on begins with its next key frame.
  void select(std::uint8_t stream, Thinning thinning);
  /// No stream opens at an object that is earlier than this one's time, in ms.
  void not_before(std::uint32_t time) { earliest_ = time; }

  /// Every packet passes as it is: nothing is to be looked at any more.
  bool is_open() const { return closed_.none() && thinned_.none(); }

  /// What of a packet passes, into `edited` where it is not all or nothing.
  asf::Kept pass(Bytes packet, std::vector<std::byte>& edited);

 private:
  bool wants(const asf::Payload& payload);

  std::bitset<128> video_;
  std::bitset<128> closed_;   // not yet open
  std::bitset<128> thinned_;  // not wanted whole
  std::bitset<128> off_;
  std::optional<std::uint32_t> earliest_;
};

/// Whether `time` is `than` or later, modulo 2^32 ms.
constexpr bool not_earlier(std::uint32_t time, std::uint32_t than) {
  return static_cast<std::int32_t>(time - than) >= 0;
}

}  // namespace wmpush::pubpoint
