// Small ASF of any shape, made by hand: headers, packets, indexes, chunks.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asf/guid.hpp"
#include "core/bytes.hpp"

namespace wmpush::test {

/// Random enough for a File ID, and fit to stay.
inline constexpr asf::Guid kFileId = asf::guid(0x12345678, 0x9ABC, 0x4DEF, 0x8123, 0x456789ABCDEF);

struct StreamSpec {
  std::uint8_t number = 1;
  asf::Guid type = asf::kAudioMedia;
  // Sound
  std::uint16_t format_tag = 0x161;
  std::uint16_t channels = 2;
  std::uint32_t sample_rate = 44100;
  std::uint32_t average_bytes_per_second = 8000;
  std::uint16_t block_align = 1024;
  // Pictures
  std::uint32_t width = 320;
  std::uint32_t height = 240;

  static StreamSpec audio(std::uint8_t number, std::uint32_t bytes_per_second = 8000) {
    StreamSpec spec;
    spec.number = number;
    spec.average_bytes_per_second = bytes_per_second;
    return spec;
  }
  static StreamSpec video(std::uint8_t number) {
    StreamSpec spec;
    spec.number = number;
    spec.type = asf::kVideoMedia;
    return spec;
  }
};

struct HeaderSpec {
  asf::Guid file_id = kFileId;
  asf::Guid data_file_id = kFileId;
  std::uint64_t file_size = 0;
  std::uint64_t play_duration = 0;  // 100 ns
  std::uint64_t preroll = 3100;     // ms
  std::uint32_t flags = 1;
  std::uint32_t min_packet_size = 0;  // 0 = packet_size
  std::uint32_t packet_size = 200;
  std::uint32_t max_bitrate = 1'000'000;
  std::vector<StreamSpec> streams = {};
  /// Records of a Stream Bitrate Properties Object.
  std::optional<std::vector<std::pair<std::uint16_t, std::uint32_t>>> bitrates = {};
  /// Streams with a bit rate in an Extended Stream Properties Object.
  std::vector<std::pair<std::uint16_t, std::uint32_t>> extended = {};
  std::optional<std::uint32_t> declared_objects = {};
  std::size_t filling = 0;  // bytes of an object that no one knows, head included; 0 = none
  std::uint64_t data_size = 50;
  std::uint64_t packet_count = 0;
};

namespace detail {

inline void object(ByteWriter& to, const asf::Guid& id, const ByteWriter& data) {
  to.bytes(id);
  to.u64(24 + data.size());
  to.bytes(data.view());
}

inline ByteWriter stream_properties(const StreamSpec& stream) {
  ByteWriter type_data;
  if (stream.type == asf::kAudioMedia) {
    type_data.u16(stream.format_tag);
    type_data.u16(stream.channels);
    type_data.u32(stream.sample_rate);
    type_data.u32(stream.average_bytes_per_second);
    type_data.u16(stream.block_align);
    type_data.u16(16);
    type_data.u16(0);
  } else if (stream.type == asf::kVideoMedia) {
    type_data.u32(stream.width);
    type_data.u32(stream.height);
    type_data.u8(2);
    type_data.u16(40);
    type_data.zeros(40);
  }
  ByteWriter data;
  data.bytes(stream.type);
  data.zeros(16 + 8);
  data.u32(static_cast<std::uint32_t>(type_data.size()));
  data.u32(0);
  data.u16(stream.number);
  data.u32(0);
  data.bytes(type_data.view());
  return data;
}

}  // namespace detail

/// A Header Object and the head of the Data Object.
inline std::vector<std::byte> make_header(const HeaderSpec& spec) {
  ByteWriter objects;
  std::uint32_t count = 0;
  const auto add = [&](const asf::Guid& id, const ByteWriter& data) {
    detail::object(objects, id, data);
    ++count;
  };

  ByteWriter file;
  file.bytes(spec.file_id);
  file.u64(spec.file_size);
  file.u64(0);
  file.u64(spec.packet_count);
  file.u64(spec.play_duration);
  file.u64(spec.play_duration);
  file.u64(spec.preroll);
  file.u32(spec.flags);
  file.u32(spec.min_packet_size != 0 ? spec.min_packet_size : spec.packet_size);
  file.u32(spec.packet_size);
  file.u32(spec.max_bitrate);
  add(asf::kFileProperties, file);

  ByteWriter extensions;
  for (const auto& [number, bitrate] : spec.extended) {
    ByteWriter extended;
    extended.zeros(16);
    extended.u32(bitrate);
    extended.zeros(28);
    extended.u16(number);
    extended.zeros(2 + 8 + 4);
    detail::object(extensions, asf::kExtendedStreamProperties, extended);
  }
  ByteWriter extension;
  extension.zeros(16);
  extension.u16(6);
  extension.u32(static_cast<std::uint32_t>(extensions.size()));
  extension.bytes(extensions.view());
  add(asf::kHeaderExtension, extension);

  for (const StreamSpec& stream : spec.streams)
    add(asf::kStreamProperties, detail::stream_properties(stream));
  if (spec.bitrates) {
    ByteWriter bitrates;
    bitrates.u16(static_cast<std::uint16_t>(spec.bitrates->size()));
    for (const auto& [number, bitrate] : *spec.bitrates) {
      bitrates.u16(number);
      bitrates.u32(bitrate);
    }
    add(asf::kStreamBitrateProperties, bitrates);
  }
  if (spec.filling != 0) {
    ByteWriter filling;
    filling.zeros(spec.filling - 24);
    add(asf::guid(1, 2, 3, 4, 5), filling);
  }

  ByteWriter header;
  header.bytes(asf::kHeaderObject);
  header.u64(30 + objects.size());
  header.u32(spec.declared_objects.value_or(count));
  header.u8(1);
  header.u8(2);
  header.bytes(objects.view());
  header.bytes(asf::kDataObject);
  header.u64(spec.data_size);
  header.bytes(spec.data_file_id);
  header.u64(spec.packet_count);
  header.u8(1);
  header.u8(1);
  return header.take();
}

/// Of one video and nothing else.
inline std::vector<std::byte> video_header(std::uint32_t packet_size) {
  HeaderSpec spec;
  spec.packet_size = packet_size;
  spec.streams = {StreamSpec::video(1)};
  return make_header(spec);
}

struct PayloadSpec {
  std::uint8_t stream = 1;
  bool key_frame = false;
  std::uint8_t media_object = 0;
  std::uint32_t offset = 0;
  std::uint32_t media_object_size = 0;
  std::uint32_t presentation_time = 0;
  std::size_t size = 0;
};

struct PacketSpec {
  std::size_t packet_size = 200;
  bool multiple = true;
  bool error_correction = true;
  unsigned packet_length_type = 0;  // 0 none, 1 byte, 2 word, 3 dword
  unsigned sequence_type = 0;
  unsigned padding_length_type = 2;
  std::uint32_t send_time = 0;
  std::vector<PayloadSpec> payloads = {};
};

/// A packet of `packet_size` bytes, padded. Payload bytes are 0xD0 and upwards; padding is zeros.
inline std::vector<std::byte> make_packet(const PacketSpec& spec) {
  const auto typed = [](ByteWriter& to, unsigned type, std::size_t value) {
    if (type == 1) to.u8(static_cast<std::uint8_t>(value));
    if (type == 2) to.u16(static_cast<std::uint16_t>(value));
    if (type == 3) to.u32(static_cast<std::uint32_t>(value));
  };
  const auto write = [&](std::size_t padding) {
    ByteWriter packet;
    if (spec.error_correction) {
      packet.u8(0x82);
      packet.u16(0);
    }
    packet.u8(static_cast<std::uint8_t>((spec.multiple ? 1u : 0u) | spec.sequence_type << 1 |
                                        spec.padding_length_type << 3 |
                                        spec.packet_length_type << 5));
    packet.u8(0x5D);
    typed(packet, spec.packet_length_type, spec.packet_size);
    typed(packet, spec.sequence_type, 0);
    typed(packet, spec.padding_length_type, padding);
    packet.u32(spec.send_time);
    packet.u16(40);
    if (spec.multiple) packet.u8(static_cast<std::uint8_t>(0x80 | spec.payloads.size()));
    std::uint8_t fill = 0xD0;
    for (const PayloadSpec& payload : spec.payloads) {
      packet.u8(static_cast<std::uint8_t>(payload.stream | (payload.key_frame ? 0x80 : 0)));
      packet.u8(payload.media_object);
      packet.u32(payload.offset);
      packet.u8(8);
      packet.u32(payload.media_object_size);
      packet.u32(payload.presentation_time);
      if (spec.multiple) packet.u16(static_cast<std::uint16_t>(payload.size));
      for (std::size_t i = 0; i < payload.size; ++i) packet.u8(fill);
      ++fill;
    }
    return packet;
  };
  const std::size_t used = write(0).size();
  ByteWriter packet = write(spec.packet_size - used);
  packet.zeros(spec.packet_size - used);
  return packet.take();
}

/// A packet with one payload that leaves `padding` bytes of it empty, by and large.
inline std::vector<std::byte> plain_packet(std::size_t packet_size = 200,
                                           std::uint32_t send_time = 0) {
  PacketSpec spec;
  spec.packet_size = packet_size;
  spec.send_time = send_time;
  spec.payloads.push_back({.presentation_time = send_time, .size = packet_size / 2});
  return make_packet(spec);
}

inline std::vector<std::byte> make_index(std::size_t size,
                                         const asf::Guid& id = asf::kSimpleIndex) {
  ByteWriter index;
  index.bytes(id);
  index.u64(size);
  for (std::size_t i = 24; i < size; ++i) index.u8(static_cast<std::uint8_t>(i));
  return index.take();
}

/// A chunk of the "asf_stream" layout: type 'H', 'D' or 'E'.
inline std::vector<std::byte> make_chunk(char type, std::uint32_t sequence, Bytes payload) {
  ByteWriter chunk;
  chunk.u8('$');
  chunk.u8(static_cast<std::uint8_t>(type));
  chunk.u16(static_cast<std::uint16_t>(payload.size() + 8));
  chunk.u32(sequence);
  chunk.u16(type == 'H' ? 0x0C00 : 0);
  chunk.u16(static_cast<std::uint16_t>(payload.size() + 8));
  chunk.bytes(payload);
  return chunk.take();
}

/// What libavformat leaves at the end of a file that it could not seek in.
inline std::vector<std::byte> end_chunk(std::uint32_t sequence = 0) {
  return make_chunk('E', sequence, {});
}

}  // namespace wmpush::test
