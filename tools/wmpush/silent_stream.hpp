// A short ASF stream of silence, for trials of a receiver.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace wmpush::tool {

/// Eight-bit PCM of 8000 Hz, one channel: any player plays it, and nothing has to encode it.
class SilentStream {
 public:
  static constexpr std::size_t kPacketSize = 3200;     ///< bytes, as FFmpeg's muxer makes them
  static constexpr std::size_t kSmallestPacket = 200;  ///< bytes
  static constexpr std::size_t kSmallestHeader = 512;  ///< bytes, with the head of the Data Object
  static constexpr std::uint64_t kBytesPerSecond = 8000;  ///< of sound

  /// Every packet has `packet_size` bytes, kSmallestPacket to 65535.
  explicit SilentStream(std::size_t packet_size = kPacketSize) : packet_size_(packet_size) {}

  /// The ASF header with the first 50 bytes of the Data Object: `size` bytes in all, at least
  /// kSmallestHeader, filled up with a Padding Object.
  std::vector<std::byte> header(std::size_t size = kSmallestHeader) const;
  /// The next packet; its send time follows from how much sound went before.
  std::vector<std::byte> packet();

 private:
  std::size_t packet_size_;
  std::uint64_t sound_ = 0;  // bytes so far
  std::uint8_t objects_ = 0;
};

}  // namespace wmpush::tool
