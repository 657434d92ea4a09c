// The payloads inside an ASF data packet (ASF 5.2.3).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "asf/data_packet.hpp"
#include "core/bytes.hpp"

namespace wmpush::asf {

/// A media object (one frame of video, a block of sound), or a part of one.
struct Payload {
  std::uint8_t stream = 0;  ///< 1 to 127
  bool key_frame = false;
  std::uint32_t media_object = 0;       ///< number, counts up and wraps around
  std::uint32_t offset = 0;             ///< bytes of the media object before this payload
  std::uint32_t media_object_size = 0;  ///< bytes of the whole media object; 0 = not said
  /// ms, preroll included; the packet's send time where the payload does not say it.
  std::uint32_t presentation_time = 0;
  /// Where the packet has it, as 32 bits; 0 = nowhere. Objects that share a payload share it.
  std::size_t presentation_time_at = 0;
  Bytes data;  ///< part of the packet
  /// Where the payload with its head lies in the packet; objects that share a payload share it.
  std::size_t at = 0;
  std::size_t size = 0;
};

/// Gives the payloads of a packet one after the other. Each of the small media objects that share a
/// compressed payload counts as a payload.
///
///     asf::DataPacket head;
///     if (!asf::DataPacket::parse(packet, head)) ...
///     asf::PayloadReader reader(packet, head);
///     for (asf::Payload payload; reader.next(payload);) ...
class PayloadReader {
 public:
  /// `head` was parsed from `packet`, whose bytes must outlive the reader.
  PayloadReader(Bytes packet, const DataPacket& head);

  /// False when there are no more payloads, or the packet is malformed.
  bool next(Payload& payload);

  /// False once a payload did not fit in the packet.
  bool ok() const { return reader_.ok() && ok_; }

 private:
  std::uint32_t typed(unsigned type);
  bool next_shared(Payload& payload);
  bool fail();

  ByteReader reader_;  // ends where the padding begins
  unsigned property_flags_;
  bool multiple_;
  unsigned payload_length_type_;
  unsigned left_;
  std::uint32_t send_time_;
  bool ok_ = true;

  // Media objects that are still to come from a compressed payload.
  Payload shared_;
  std::uint8_t shared_step_ = 0;  // ms
};

}  // namespace wmpush::asf
