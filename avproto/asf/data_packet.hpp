// The head of an ASF data packet, and the padding at its end (ASF 5.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::asf {

/// Error correction data (at most 16 bytes), flags, three typed lengths, send time and duration,
/// and the payload count: the most that a packet's head can take.
inline constexpr std::size_t kMaxPacketHead = 16 + 2 + 3 * 4 + 4 + 2 + 1;

/// What the head of a packet says. Positions count from the start of the packet.
struct DataPacket {
  bool multiple_payloads = false;
  std::uint32_t send_time = 0;         ///< ms
  std::uint16_t duration = 0;          ///< ms
  std::size_t payloads = 0;            ///< position of the payload data
  std::size_t padding = 0;             ///< bytes at the end that carry nothing
  std::size_t flags_at = 0;            ///< position of the Length Type Flags
  std::size_t packet_length_at = 0;    ///< position of the packet length field
  std::size_t packet_length_size = 0;  ///< 0, 1, 2 or 4 bytes
  std::size_t padding_length_at = 0;   ///< position of the field, also where there is none
  std::size_t padding_length_size = 0;
  std::uint8_t property_flags = 0;       ///< how the fields of a payload are typed
  std::uint8_t payload_count = 1;        ///< 1 to 63
  std::uint8_t payload_length_type = 0;  ///< 0 when there is a single payload, which has none

  /// False when `packet` is not a well-formed ASF data packet. All payloads are checked.
  static bool parse(Bytes packet, DataPacket& parsed);
};

/// A packet as it goes out: a head that may differ from the original's, and the rest of the
/// original.
struct StrippedPacket {
  std::array<std::byte, kMaxPacketHead> head_bytes{};
  std::size_t head_size = 0;
  Bytes rest;                   ///< part of the packet that was given
  std::size_t removed = 0;      ///< bytes of padding left out
  bool malformed = false;       ///< could not be parsed: it is passed on as it came
  std::uint32_t send_time = 0;  ///< ms; 0 when malformed

  Bytes head() const { return Bytes(head_bytes).first(head_size); }
  std::size_t size() const { return head_size + rest.size(); }
};

/// Leaves the padding out where a receiver can put it back without changing what the packet means:
/// when there are multiple payloads (their lengths are explicit), or when a packet length field can
/// be updated. The padding length field then says 0.
StrippedPacket strip_padding(Bytes packet);

/// What a receiver does with a packet whose padding was removed: makes `padded` the packet grown to
/// `packet_size` bytes, its padding length right again. A padding length field that is too small,
/// or missing, is made wider. A packet that is malformed gets zeros behind it, one that is larger
/// than `packet_size` stays as it is; both give false.
bool pad_packet(Bytes packet, std::size_t packet_size, std::vector<std::byte>& padded);

}  // namespace wmpush::asf
