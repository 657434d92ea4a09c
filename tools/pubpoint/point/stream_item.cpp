#include "pubpoint/point/stream_item.hpp"

#include <algorithm>

#include "asf/guid.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kObjectHeadSize = 24;
constexpr std::size_t kTypeDataAt = 78;    // in Stream Properties (ASF 3.3)
constexpr std::size_t kTimeOffsetAt = 56;  // 8 bytes, which say nothing of the stream itself
constexpr std::size_t kReservedAt = 74;    // 4 bytes

/// The Stream Properties Objects, one after the other, without the fields that mean nothing.
std::vector<std::byte> stream_properties(const EntryHeader& header) {
  std::vector<std::byte> all;
  const Bytes bytes = Bytes(header.bytes).first(header.parsed.header_size);
  for (std::size_t at = asf::kHeaderObjectHeadSize; at + kObjectHeadSize <= bytes.size();) {
    const auto size = load_le<std::uint64_t>(bytes, at + 16);
    if (size < kObjectHeadSize || size > bytes.size() - at) break;
    const Bytes object = bytes.subspan(at, static_cast<std::size_t>(size));
    if (asf::guid_at(object) == asf::kStreamProperties && size >= kTypeDataAt) {
      append(all, object.first(kTimeOffsetAt));
      append(all, object.subspan(kTimeOffsetAt + 8, kReservedAt - kTimeOffsetAt - 8));
      append(all, object.subspan(kTypeDataAt));
    }
    at += static_cast<std::size_t>(size);
  }
  return all;
}

}  // namespace

std::shared_ptr<const EntryHeader> EntryHeader::parse(Bytes bytes) {
  auto header = std::make_shared<EntryHeader>();
  // A player would stop where the header of a file says that it ends.
  asf::HeaderFixup live;
  live.file_id = live.max_bitrate = live.stream_bitrates = live.audio_rate = live.object_count =
      false;
  if (live.apply(bytes, header->bytes)) return nullptr;
  if (asf::parse_header(header->bytes, header->parsed)) return nullptr;
  const auto video =
      std::ranges::find(header->parsed.streams, asf::kVideoMedia, &asf::Stream::type);
  header->has_video = video != header->parsed.streams.end();
  if (header->has_video) header->video = video->number;
  return header;
}

bool EntryHeader::continues(const EntryHeader& before) const {
  return parsed.packet_size == before.parsed.packet_size &&
         parsed.streams.size() == before.parsed.streams.size() &&
         stream_properties(*this) == stream_properties(before);
}

}  // namespace wmpush::pubpoint
