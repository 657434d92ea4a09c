#include "silent_stream.hpp"

#include "asf/guid.hpp"
#include "core/bytes.hpp"

namespace wmpush::tool {
namespace {

constexpr asf::Guid kPadding = asf::guid(0x1806D474, 0xCADF, 0x4509, 0xA4BA, 0x9AABCB96AAE8);
constexpr asf::Guid kNoErrorCorrection =
    asf::guid(0x20FB5700, 0x5B55, 0x11CF, 0xA8FD, 0x00805F5C442B);
constexpr asf::Guid kReserved = asf::guid(0xABD3D211, 0xA9BA, 0x11CF, 0x8EE6, 0x00C00C205365);
constexpr asf::Guid kFileId = asf::guid(0x7A3D5E10, 0x52C4, 0x4B7E, 0x9A61, 0x5D0C3F2B8E91);

constexpr std::size_t kObjectHead = 24;
constexpr std::size_t kDataHead = 50;
constexpr std::uint8_t kStream = 1;
constexpr std::uint8_t kKeyFrame = 0x80;
constexpr std::uint64_t kPreroll = 3000;  // ms
constexpr std::uint8_t kSilence = 0x80;   // of unsigned samples
constexpr std::uint16_t kPcm = 1;

void object(ByteWriter& to, const asf::Guid& id, const ByteWriter& data) {
  to.bytes(id);
  to.u64(kObjectHead + data.size());
  to.bytes(data.view());
}

ByteWriter file_properties(std::size_t packet_size) {
  ByteWriter data;
  data.bytes(kFileId);
  data.u64(0);  // size
  data.u64(0);  // date
  data.u64(0);  // packets
  data.u64(0);  // duration to play
  data.u64(0);  // and to send
  data.u64(kPreroll);
  data.u32(1);  // broadcast
  data.u32(static_cast<std::uint32_t>(packet_size));
  data.u32(static_cast<std::uint32_t>(packet_size));
  data.u32(static_cast<std::uint32_t>(8 * SilentStream::kBytesPerSecond * 2));
  return data;
}

ByteWriter stream_properties() {
  ByteWriter format;
  format.u16(kPcm);
  format.u16(1);  // channel
  format.u32(SilentStream::kBytesPerSecond);
  format.u32(SilentStream::kBytesPerSecond);
  format.u16(1);  // block
  format.u16(8);  // bits
  format.u16(0);
  ByteWriter data;
  data.bytes(asf::kAudioMedia);
  data.bytes(kNoErrorCorrection);
  data.u64(0);
  data.u32(static_cast<std::uint32_t>(format.size()));
  data.u32(0);
  data.u16(kStream);
  data.u32(0);
  data.bytes(format.view());
  return data;
}

ByteWriter header_extension() {
  ByteWriter data;
  data.bytes(kReserved);
  data.u16(6);
  data.u32(0);
  return data;
}

}  // namespace

std::vector<std::byte> SilentStream::header(std::size_t size) const {
  ByteWriter objects;
  object(objects, asf::kFileProperties, file_properties(packet_size_));
  object(objects, asf::kHeaderExtension, header_extension());
  object(objects, asf::kStreamProperties, stream_properties());
  constexpr std::size_t kHeaderHead = 30;
  ByteWriter padding;
  padding.zeros(size - kHeaderHead - objects.size() - kObjectHead - kDataHead);
  object(objects, kPadding, padding);

  ByteWriter header;
  header.bytes(asf::kHeaderObject);
  header.u64(kHeaderHead + objects.size());
  header.u32(4);  // objects
  header.u8(1);
  header.u8(2);
  header.bytes(objects.view());
  header.bytes(asf::kDataObject);
  header.u64(kDataHead);
  header.bytes(kFileId);
  header.u64(0);
  header.u16(0x0101);
  return header.take();
}

std::vector<std::byte> SilentStream::packet() {
  constexpr std::size_t kHead = 3 + 2 + 2 + 4 + 2 + 15;  // up to the sound
  const std::size_t size = packet_size_ - kHead;
  const auto now = static_cast<std::uint32_t>(1000 * sound_ / kBytesPerSecond);
  ByteWriter packet;
  packet.u8(0x82);  // error correction of two bytes
  packet.u16(0);
  packet.u8(0x10);  // one payload, a padding length of two bytes
  packet.u8(0x5D);
  packet.u16(0);  // padding
  packet.u32(now);
  packet.u16(static_cast<std::uint16_t>(1000 * size / kBytesPerSecond));
  packet.u8(kStream | kKeyFrame);
  packet.u8(objects_++);
  packet.u32(0);  // offset in the media object
  packet.u8(8);
  packet.u32(static_cast<std::uint32_t>(size));
  packet.u32(now + static_cast<std::uint32_t>(kPreroll));
  for (std::size_t i = 0; i < size; ++i) packet.u8(kSilence);
  sound_ += size;
  return packet.take();
}

}  // namespace wmpush::tool
