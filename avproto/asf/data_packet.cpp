#include "asf/data_packet.hpp"

#include "asf/payload.hpp"

namespace wmpush::asf {
namespace {

constexpr unsigned kErrorCorrectionPresent = 0x80;
constexpr unsigned kErrorCorrectionLengthType = 0x60;
constexpr unsigned kMultiplePayloads = 0x01;
constexpr unsigned kPaddingTypeShift = 3;
constexpr unsigned kStreamNumberIsByte = 1;

constexpr std::size_t size_of_type(unsigned type) {
  constexpr std::size_t kSizes[] = {0, 1, 2, 4};
  return kSizes[type & 3];
}

std::size_t load_typed(Bytes packet, std::size_t at, std::size_t size) {
  switch (size) {
    case 1:
      return load_le<std::uint8_t>(packet, at);
    case 2:
      return load_le<std::uint16_t>(packet, at);
    case 4:
      return load_le<std::uint32_t>(packet, at);
    default:
      return 0;
  }
}

void store_typed(MutableBytes packet, std::size_t at, std::size_t size, std::size_t value) {
  switch (size) {
    case 1:
      return store_le(packet, at, static_cast<std::uint8_t>(value));
    case 2:
      return store_le(packet, at, static_cast<std::uint16_t>(value));
    case 4:
      return store_le(packet, at, static_cast<std::uint32_t>(value));
    default:
      return;
  }
}

constexpr bool fits(std::size_t value, std::size_t field_size) {
  return field_size >= 4 ? value <= 0xFFFFFFFF : value < std::size_t{1} << (8 * field_size);
}

/// What the packet length field counts.
enum class Counted {
  Padding,   ///< everything but what lies behind the packet, as ASF has it
  NoPadding  ///< not the padding that the padding length field names, as GStreamer has it
};

bool parse_head(Bytes packet, Counted counted, DataPacket& parsed) {
  parsed = DataPacket{};
  ByteReader reader(packet);
  unsigned flags = reader.u8();
  if ((flags & kErrorCorrectionPresent) != 0) {
    if ((flags & kErrorCorrectionLengthType) != 0) return false;
    reader.skip(flags & 0x0F);
    parsed.flags_at = reader.position();
    flags = reader.u8();
    if ((flags & kErrorCorrectionPresent) != 0) return false;
  }
  parsed.multiple_payloads = (flags & kMultiplePayloads) != 0;
  parsed.property_flags = reader.u8();
  if (parsed.property_flags >> 6 != kStreamNumberIsByte) return false;

  parsed.packet_length_at = reader.position();
  parsed.packet_length_size = size_of_type(flags >> 5);
  reader.skip(parsed.packet_length_size + size_of_type(flags >> 1));
  parsed.padding_length_at = reader.position();
  parsed.padding_length_size = size_of_type(flags >> kPaddingTypeShift);
  reader.skip(parsed.padding_length_size);
  parsed.send_time = reader.u32();
  parsed.duration = reader.u16();
  if (parsed.multiple_payloads) {
    const unsigned count = reader.u8();
    parsed.payload_count = count & 0x3F;
    parsed.payload_length_type = static_cast<std::uint8_t>(count >> 6);
    if (parsed.payload_count == 0 || parsed.payload_length_type == 0) return false;
  }
  if (!reader.ok()) return false;
  parsed.payloads = reader.position();

  parsed.padding = load_typed(packet, parsed.padding_length_at, parsed.padding_length_size);
  if (parsed.packet_length_size != 0) {
    const std::size_t length =
        load_typed(packet, parsed.packet_length_at, parsed.packet_length_size);
    if (length > packet.size()) return false;
    if (counted == Counted::NoPadding) {
      const bool adds_up = parsed.padding != 0 && length + parsed.padding == packet.size();
      return adds_up && parsed.padding <= reader.remaining();
    }
    // What lies behind the packet length is padding too, though no field says so.
    parsed.padding += packet.size() - length;
  }
  return counted == Counted::Padding && parsed.padding <= reader.remaining();
}

bool parse_as(Bytes packet, Counted counted, DataPacket& parsed) {
  if (!parse_head(packet, counted, parsed)) return false;
  PayloadReader payloads(packet, parsed);
  for (Payload payload; payloads.next(payload);) {
  }
  return payloads.ok();
}

/// The smallest field that is no smaller than `at_least` and has room for what remains of `gap`
/// once the field itself has grown by the difference.
std::size_t padding_field_size(std::size_t at_least, std::size_t padding, std::size_t gap) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}}) {
    if (size < at_least || size - at_least > gap) continue;
    if (fits(padding + gap - (size - at_least), size)) return size;
  }
  return 4;
}

}  // namespace

bool DataPacket::parse(Bytes packet, DataPacket& parsed) {
  // The second way only where the first makes no sense of the payloads: then it is sure.
  return parse_as(packet, Counted::Padding, parsed) || parse_as(packet, Counted::NoPadding, parsed);
}

StrippedPacket strip_padding(Bytes packet) {
  StrippedPacket stripped;
  stripped.rest = packet;
  DataPacket parsed;
  if (!DataPacket::parse(packet, parsed)) {
    stripped.malformed = true;
    return stripped;
  }
  stripped.send_time = parsed.send_time;
  if (parsed.padding == 0) return stripped;
  if (!parsed.multiple_payloads && parsed.packet_length_size == 0) return stripped;

  const std::size_t size = packet.size() - parsed.padding;
  std::copy_n(packet.begin(), parsed.payloads, stripped.head_bytes.begin());
  store_typed(stripped.head_bytes, parsed.packet_length_at, parsed.packet_length_size, size);
  store_typed(stripped.head_bytes, parsed.padding_length_at, parsed.padding_length_size, 0);
  stripped.head_size = parsed.payloads;
  stripped.rest = packet.subspan(parsed.payloads, size - parsed.payloads);
  stripped.removed = parsed.padding;
  return stripped;
}

bool pad_packet(Bytes packet, std::size_t packet_size, std::vector<std::byte>& padded) {
  padded.assign(packet.begin(), packet.end());
  DataPacket parsed;
  const bool well_formed = DataPacket::parse(packet, parsed);
  if (packet.size() >= packet_size) return well_formed && packet.size() == packet_size;
  const auto grow = [&] { padded.resize(packet_size); };
  if (!well_formed) {
    grow();
    return false;
  }

  // The packet length says where the packet ends, so that nothing else has to where the padding
  // length has no field or the packet length's own cannot hold the new size.
  if (parsed.packet_length_size != 0 &&
      (parsed.padding_length_size == 0 || !fits(packet_size, parsed.packet_length_size))) {
    grow();
    return true;
  }

  const std::size_t gap = packet_size - packet.size();
  const std::size_t field = padding_field_size(parsed.padding_length_size, parsed.padding, gap);
  const std::size_t wider = field - parsed.padding_length_size;
  const auto field_end = padded.begin() + static_cast<std::ptrdiff_t>(parsed.padding_length_at +
                                                                      parsed.padding_length_size);
  padded.insert(field_end, wider, std::byte{0});
  grow();
  const unsigned type = field == 4 ? 3 : static_cast<unsigned>(field);
  const unsigned flags = std::to_integer<unsigned>(padded[parsed.flags_at]);
  padded[parsed.flags_at] =
      static_cast<std::byte>((flags & ~(3u << kPaddingTypeShift)) | type << kPaddingTypeShift);
  store_typed(padded, parsed.padding_length_at, field, parsed.padding + gap - wider);
  store_typed(padded, parsed.packet_length_at, parsed.packet_length_size, packet_size);
  return true;
}

}  // namespace wmpush::asf
