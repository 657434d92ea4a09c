#include "asf/data_packet.hpp"

#include <algorithm>

namespace wmpush::asf {
namespace {

constexpr unsigned kErrorCorrectionPresent = 0x80;
constexpr unsigned kErrorCorrectionLengthType = 0x60;  // anything but 0 is reserved
constexpr unsigned kOpaqueData = 0x10;
constexpr unsigned kMultiplePayloads = 0x01;

/// Bytes of a field whose length type is 0 to 3 (ASF 5.2.2).
constexpr std::size_t field_size(unsigned type) { return type == 3 ? 4 : type; }

std::uint32_t read_field(ByteReader& reader, std::size_t size) {
  switch (size) {
    case 1:
      return reader.u8();
    case 2:
      return reader.u16();
    case 4:
      return reader.u32();
    default:
      return 0;
  }
}

void write_field(MutableBytes bytes, std::size_t at, std::size_t size, std::size_t value) {
  for (std::size_t i = 0; i < size; ++i)
    bytes[at + i] = static_cast<std::byte>(value >> (8 * i) & 0xFF);
}

}  // namespace

bool DataPacket::parse(Bytes packet, DataPacket& parsed) {
  parsed = {};
  ByteReader reader(packet);
  unsigned flags = reader.u8();
  if ((flags & kErrorCorrectionPresent) != 0) {
    if ((flags & (kErrorCorrectionLengthType | kOpaqueData)) != 0) return false;
    reader.skip(flags & 0x0F);
    flags = reader.u8();
  }
  if ((flags & kErrorCorrectionPresent) != 0) return false;
  parsed.multiple_payloads = (flags & kMultiplePayloads) != 0;
  reader.skip(1);  // Property Flags

  parsed.packet_length_size = field_size(flags >> 5 & 3);
  parsed.packet_length_at = reader.position();
  const std::uint32_t length = read_field(reader, parsed.packet_length_size);
  reader.skip(field_size(flags >> 1 & 3));  // sequence
  parsed.padding_length_size = field_size(flags >> 3 & 3);
  parsed.padding_length_at = reader.position();
  parsed.padding = read_field(reader, parsed.padding_length_size);
  parsed.send_time = reader.u32();
  parsed.duration = reader.u16();
  parsed.payloads = reader.position();
  if (!reader.ok()) return false;

  // What lies beyond the packet length is padding, too, besides what the padding length says.
  if (parsed.packet_length_size > 0) {
    if (length > packet.size() || length < parsed.payloads) return false;
    parsed.padding += packet.size() - length;
  }
  return parsed.payloads + parsed.padding <= packet.size();
}

StrippedPacket strip_padding(Bytes packet) {
  StrippedPacket stripped;
  stripped.rest = packet;
  DataPacket parsed;
  if (!DataPacket::parse(packet, parsed)) {
    stripped.malformed = true;
    return stripped;
  }
  const bool can_go = parsed.multiple_payloads || parsed.packet_length_size > 0;
  if (parsed.padding == 0 || !can_go || parsed.payloads > kMaxPacketHead) return stripped;

  const std::size_t size = packet.size() - parsed.padding;
  std::copy_n(packet.begin(), parsed.payloads, stripped.head_bytes.begin());
  stripped.head_size = parsed.payloads;
  write_field(stripped.head_bytes, parsed.packet_length_at, parsed.packet_length_size, size);
  write_field(stripped.head_bytes, parsed.padding_length_at, parsed.padding_length_size, 0);
  stripped.rest = packet.subspan(parsed.payloads, size - parsed.payloads);
  stripped.removed = parsed.padding;
  return stripped;
}

}  // namespace wmpush::asf
