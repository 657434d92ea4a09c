#include "asf/data_packet.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <tuple>

#include "asf/payload.hpp"
#include "asf/splitter.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"

namespace wmpush::asf {
namespace {

using test::make_packet;
using test::PacketSpec;

PacketSpec two_payloads() {
  PacketSpec spec;
  spec.send_time = 0x01020304;
  spec.payloads = {{.stream = 1,
                    .key_frame = true,
                    .media_object = 7,
                    .offset = 0,
                    .media_object_size = 30,
                    .presentation_time = 5000,
                    .size = 30},
                   {.stream = 2,
                    .media_object = 8,
                    .offset = 100,
                    .media_object_size = 900,
                    .presentation_time = 5040,
                    .size = 50}};
  return spec;
}

PacketSpec one_payload() {
  PacketSpec spec = two_payloads();
  spec.multiple = false;
  spec.payloads.resize(1);
  return spec;
}

std::vector<std::byte> joined(const StrippedPacket& stripped) {
  std::vector<std::byte> bytes(stripped.head().begin(), stripped.head().end());
  append(bytes, stripped.rest);
  EXPECT_EQ(bytes.size(), stripped.size());
  return bytes;
}

using Decoded =
    std::tuple<int, bool, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::string>;

struct Meaning {
  std::uint32_t send_time = 0;
  std::uint16_t duration = 0;
  std::vector<Decoded> payloads;
  bool operator==(const Meaning&) const = default;
};

Meaning meaning(Bytes packet) {
  DataPacket head;
  EXPECT_TRUE(DataPacket::parse(packet, head));
  Meaning meaning{head.send_time, head.duration, {}};
  PayloadReader reader(packet, head);
  for (Payload payload; reader.next(payload);)
    meaning.payloads.emplace_back(payload.stream, payload.key_frame, payload.media_object,
                                  payload.offset, payload.media_object_size,
                                  payload.presentation_time, as_text(payload.data));
  EXPECT_TRUE(reader.ok());
  return meaning;
}

TEST(DataPacket, IsReadWithItsPadding) {
  const auto packet = make_packet(two_payloads());
  DataPacket head;
  ASSERT_TRUE(DataPacket::parse(packet, head));
  EXPECT_TRUE(head.multiple_payloads);
  EXPECT_EQ(head.send_time, 0x01020304u);
  EXPECT_EQ(head.duration, 40);
  EXPECT_EQ(head.payload_count, 2);
  EXPECT_EQ(head.padding, 200 - head.payloads - 2 * 17 - 80);
}

TEST(DataPacket, WithoutErrorCorrectionIsRead) {
  PacketSpec spec = two_payloads();
  spec.error_correction = false;
  DataPacket head;
  EXPECT_TRUE(DataPacket::parse(make_packet(spec), head));
  EXPECT_EQ(head.flags_at, 0u);
}

TEST(PayloadReader, GivesEachPayload) {
  const Meaning read = meaning(make_packet(two_payloads()));
  EXPECT_THAT(read.payloads,
              testing::ElementsAre(Decoded{1, true, 7, 0, 30, 5000, std::string(30, '\xD0')},
                                   Decoded{2, false, 8, 100, 900, 5040, std::string(50, '\xD1')}));
}

TEST(PayloadReader, GivesTheMediaObjectsOfACompressedPayload) {
  ByteWriter packet;
  packet.u8(0x10);  // single payload, padding length in a word
  packet.u8(0x5D);
  packet.u16(5);
  packet.u32(1000);
  packet.u16(40);
  packet.u8(0x83);   // stream 3, key frame
  packet.u8(9);      // media object number
  packet.u32(2000);  // presentation time
  packet.u8(1);
  packet.u8(20);  // ms from one to the next
  packet.u8(2);
  packet.u16(0xBBAA);
  packet.u8(1);
  packet.u8(0xCC);
  packet.zeros(5);
  EXPECT_THAT(meaning(packet.view()).payloads,
              testing::ElementsAre(Decoded{3, true, 9, 0, 2, 2000, "\xAA\xBB"},
                                   Decoded{3, true, 10, 0, 1, 2020, "\xCC"}));
}

TEST(StripPadding, TakesItFromAPacketOfMultiplePayloads) {
  const auto packet = make_packet(two_payloads());
  const StrippedPacket stripped = strip_padding(packet);
  EXPECT_FALSE(stripped.malformed);
  EXPECT_GT(stripped.removed, 0u);
  EXPECT_EQ(stripped.size() + stripped.removed, packet.size());
  const auto bytes = joined(stripped);
  DataPacket head;
  ASSERT_TRUE(DataPacket::parse(bytes, head));
  EXPECT_EQ(head.padding, 0u);
  EXPECT_EQ(meaning(bytes), meaning(packet));
}

TEST(StripPadding, KeepsItWhereThePayloadsLengthIsImplied) {
  const auto packet = make_packet(one_payload());
  const StrippedPacket stripped = strip_padding(packet);
  EXPECT_FALSE(stripped.malformed);
  EXPECT_EQ(stripped.removed, 0u);
  EXPECT_EQ(joined(stripped), packet);
}

TEST(StripPadding, UpdatesThePacketLengthWhereThereIsOne) {
  PacketSpec spec = one_payload();
  spec.packet_length_type = 2;
  const auto packet = make_packet(spec);
  const StrippedPacket stripped = strip_padding(packet);
  EXPECT_GT(stripped.removed, 0u);
  auto bytes = joined(stripped);
  EXPECT_EQ(meaning(bytes), meaning(packet));
  // A receiver that adds zeros and touches no field reads the same.
  bytes.resize(packet.size());
  EXPECT_EQ(meaning(bytes), meaning(packet));
}

TEST(StripPadding, UnderstandsAPacketLengthThatLeavesThePaddingOut) {
  PacketSpec spec;
  spec.packet_length_type = 2;
  spec.payloads = {{.media_object_size = 40, .size = 40}, {.stream = 2, .size = 50}};
  std::vector<std::byte> packet = make_packet(spec);
  DataPacket parsed;
  ASSERT_TRUE(DataPacket::parse(packet, parsed));
  ASSERT_GT(parsed.padding, 40u);
  // As GStreamer writes it: the padding is named, and not counted.
  store_le(packet, parsed.packet_length_at,
           static_cast<std::uint16_t>(packet.size() - parsed.padding));
  const StrippedPacket stripped = strip_padding(packet);
  EXPECT_FALSE(stripped.malformed);
  EXPECT_EQ(stripped.removed, parsed.padding);
  std::vector<std::byte> sent(stripped.head().begin(), stripped.head().end());
  append(sent, stripped.rest);
  std::vector<std::byte> padded;
  EXPECT_TRUE(pad_packet(sent, packet.size(), padded));
  EXPECT_TRUE(DataPacket::parse(padded, parsed));
  // Where the numbers do not add up, it stays damaged.
  store_le(packet, parsed.packet_length_at, static_cast<std::uint16_t>(packet.size() - 30));
  EXPECT_TRUE(strip_padding(packet).malformed);
}

TEST(StripPadding, LeavesAFullPacketAlone) {
  PacketSpec spec = two_payloads();
  spec.packet_size -= strip_padding(make_packet(spec)).removed;
  const auto packet = make_packet(spec);
  const StrippedPacket stripped = strip_padding(packet);
  EXPECT_EQ(stripped.removed, 0u);
  EXPECT_EQ(stripped.head_size, 0u);
  EXPECT_EQ(stripped.rest.data(), packet.data());
}

TEST(StripPadding, PassesOnWhatIsMalformed) {
  const auto good = make_packet(two_payloads());
  std::vector<std::vector<std::byte>> broken;
  broken.push_back({});
  broken.push_back({std::byte{0x82}});
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, int>>{
           {0, 0xA2},   // a length type that is reserved
           {3, 0x91},   // error correction twice
           {4, 0x1D},   // no stream number
           {6, 0xFF},   // more padding than packet
           {13, 0x80},  // no payloads
           {13, 0x02},  // payloads without lengths
           {13, 0xBF},  // more payloads than fit
           {20, 3},     // replicated data of 3 bytes
           {30, 0xFF},  // a payload that leaves the packet
       }) {
    broken.push_back(good);
    broken.back()[at] = static_cast<std::byte>(value);
  }
  for (const auto& packet : broken) {
    const StrippedPacket stripped = strip_padding(packet);
    EXPECT_TRUE(stripped.malformed) << &packet - broken.data();
    EXPECT_EQ(stripped.head_size, 0u);
    EXPECT_EQ(stripped.rest.data(), packet.data());
    EXPECT_EQ(stripped.rest.size(), packet.size());
  }
}

TEST(StripPadding, SurvivesEveryCutAndEveryFlag) {
  const auto packet = make_packet(two_payloads());
  for (std::size_t size = 0; size < packet.size(); ++size) strip_padding(Bytes(packet).first(size));
  for (std::size_t at = 0; at < 32; ++at)
    for (int value = 0; value < 256; ++value) {
      auto changed = packet;
      changed[at] = static_cast<std::byte>(value);
      const StrippedPacket stripped = strip_padding(changed);
      if (!stripped.malformed) {
        EXPECT_EQ(meaning(joined(stripped)), meaning(changed)) << at << " " << value;
      }
    }
}

/// All shapes of a packet's head.
class PadPacket : public testing::TestWithParam<std::tuple<bool, unsigned, unsigned, unsigned>> {
 public:
  static std::string name(const testing::TestParamInfo<ParamType>& shape) {
    const auto& [multiple, packet_length, padding_length, sequence] = shape.param;
    return std::string(multiple ? "Multiple" : "Single") + "_Length" +
           std::to_string(packet_length) + "_Padding" + std::to_string(padding_length) +
           "_Sequence" + std::to_string(sequence);
  }

 protected:
  PacketSpec spec() const {
    const auto& [multiple, packet_length, padding_length, sequence] = GetParam();
    PacketSpec spec = multiple ? two_payloads() : one_payload();
    spec.packet_length_type = packet_length;
    spec.padding_length_type = padding_length;
    spec.sequence_type = sequence;
    // Without a field for it there is no padding, and a payload fills the packet.
    if (padding_length == 0) spec.payloads.back().size += strip(spec);
    return spec;
  }

 private:
  static std::size_t strip(PacketSpec spec) {
    spec.packet_size = 1000;
    spec.packet_length_type = spec.packet_length_type != 0 ? 2 : 0;
    std::size_t used =
        14 - (spec.multiple ? 0 : 1) + (spec.sequence_type == 3 ? 4 : spec.sequence_type);
    const unsigned length = std::get<1>(GetParam());
    used += length == 3 ? 4 : length;
    used -= 2;
    for (const auto& payload : spec.payloads) used += 15 + (spec.multiple ? 2 : 0) + payload.size;
    return 200 - used;
  }
};

TEST_P(PadPacket, UndoesStripPadding) {
  const auto packet = make_packet(spec());
  ASSERT_EQ(packet.size(), 200u);
  std::vector<std::byte> padded;
  ASSERT_TRUE(pad_packet(joined(strip_padding(packet)), 200, padded));
  EXPECT_EQ(padded, packet);
}

TEST_P(PadPacket, GrowsToAnySizeWithoutChangingWhatThePacketMeans) {
  const auto packet = make_packet(spec());
  const auto stripped = joined(strip_padding(packet));
  for (const std::size_t size :
       std::initializer_list<std::size_t>{200, 201, 202, 203, 255, 256, 257, 400, 454, 455, 456,
                                          457, 458, 459, 460, 1400, 60000, 65535}) {
    std::vector<std::byte> padded;
    ASSERT_TRUE(pad_packet(stripped, size, padded)) << size;
    EXPECT_EQ(padded.size(), size);
    EXPECT_EQ(meaning(padded), meaning(packet)) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(All, PadPacket,
                         testing::Combine(testing::Bool(), testing::Values(0u, 1u, 2u, 3u),
                                          testing::Values(0u, 1u, 2u, 3u),
                                          testing::Values(0u, 1u, 2u, 3u)),
                         PadPacket::name);

TEST(PadPacketOf, AMalformedPacketAddsZerosAndSaysSo) {
  const std::vector<std::byte> packet(50, std::byte{0xFF});
  std::vector<std::byte> padded;
  EXPECT_FALSE(pad_packet(packet, 100, padded));
  ASSERT_EQ(padded.size(), 100u);
  EXPECT_TRUE(std::equal(packet.begin(), packet.end(), padded.begin()));
  EXPECT_EQ(padded.back(), std::byte{0});
}

TEST(PadPacketOf, ALargerPacketLeavesItAlone) {
  const auto packet = make_packet(two_payloads());
  std::vector<std::byte> padded;
  EXPECT_FALSE(pad_packet(packet, 100, padded));
  EXPECT_EQ(padded, packet);
}

TEST(PadPacketOf, RealPacketsGivesThemBackByteForByte) {
  for (const char* arguments : {"-f asf", "-packet_size 400 -f asf", "-packet_size 60000 -f asf"}) {
    const std::string& asf = test::clip(arguments);
    Splitter splitter;
    Splitter::Unit unit;
    Bytes input = as_bytes(asf);
    std::size_t removed = 0;
    std::size_t packets = 0;
    std::vector<std::byte> padded;
    do {
      const Error error = splitter.next(input, unit);
      ASSERT_FALSE(error) << error.message;
      if (unit.kind != Splitter::Kind::Packet) continue;
      ++packets;
      const StrippedPacket stripped = strip_padding(unit.bytes);
      EXPECT_FALSE(stripped.malformed);
      removed += stripped.removed;
      ASSERT_TRUE(pad_packet(joined(stripped), unit.bytes.size(), padded));
      EXPECT_TRUE(std::ranges::equal(padded, unit.bytes));
    } while (unit.kind != Splitter::Kind::None);
    EXPECT_GT(packets, 0u);
    EXPECT_GT(removed, 0u) << arguments;
  }
}

}  // namespace
}  // namespace wmpush::asf
