// A full data packet that carries the time when it was sent.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/asf_builder.hpp"

namespace wmpush::bench {

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct StampedPacket {
  std::vector<std::byte> bytes;
  std::size_t stamp_at = 0;

  /// The packet's number in a stream of one video, its size in bytes, and its duration in ms.
  StampedPacket(std::uint32_t number, std::size_t size, std::uint32_t time, bool key_frame) {
    test::PacketSpec spec;
    spec.packet_size = size;
    spec.send_time = number * time;
    const std::size_t used = 3 + 2 + 2 + 4 + 2 + 1 + 1 + 1 + 4 + 1 + 8 + 2;
    spec.payloads = {{1, key_frame, static_cast<std::uint8_t>(number), 0,
                      static_cast<std::uint32_t>(size - used), number * time + 3100, size - used}};
    bytes = test::make_packet(spec);
    stamp_at = used;
  }
  void stamp() {
    const std::int64_t now = now_ns();
    std::memcpy(bytes.data() + stamp_at, &now, sizeof now);
  }
};

}  // namespace wmpush::bench
