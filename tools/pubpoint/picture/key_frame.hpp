// The newest key frame of a broadcast, to make a picture of.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "pubpoint/point/broadcast.hpp"

namespace wmpush::pubpoint {

/// A key frame and what a decoder needs besides. Shared with the broadcast, and may go to any
/// thread.
struct KeyFramePackets {
  std::shared_ptr<const EntryHeader> header;
  std::vector<std::shared_ptr<const Packet>> packets;

  std::vector<std::byte> asf() const;
};

/// Keeps the packets that the newest key frame is in, once it is whole. Belongs to the server's
/// thread.
class KeyFrame final : public ItemSink {
 public:
  /// Bytes of packets; a larger key frame is not kept.
  static constexpr std::size_t kMost = std::size_t{3} << 20;

  void take(const Item& item) override;

  /// Counts up with each that is whole; 0: none is here, nothing or no video is on air.
  std::uint64_t number() const { return packets_.empty() ? 0 : number_; }
  /// Without packets where there is none.
  KeyFramePackets packets() const { return {header_, packets_}; }

 private:
  struct Object {  // of video, whose parts come
    std::uint8_t stream;
    std::uint32_t number;
    std::uint32_t size;      // bytes; 0: not said
    std::uint32_t seen = 0;  // bytes
  };
  void begin(Bytes packet);
  /// Looks at the parts in `packet`. True when the object is whole.
  bool is_whole_with(Bytes packet);

  std::shared_ptr<const EntryHeader> header_;
  std::optional<Object> coming_;
  std::vector<std::shared_ptr<const Packet>> coming_packets_;
  std::size_t coming_bytes_ = 0;
  std::vector<std::shared_ptr<const Packet>> packets_;
  std::uint64_t number_ = 0;
};

}  // namespace wmpush::pubpoint
