#include "asf/packet_edit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/asf_builder.hpp"

namespace wmpush::asf {
namespace {

using test::make_packet;
using test::PacketSpec;

std::vector<Payload> payloads_of(Bytes packet) {
  DataPacket head;
  EXPECT_TRUE(DataPacket::parse(packet, head));
  PayloadReader reader(packet, head);
  std::vector<Payload> payloads;
  for (Payload payload; reader.next(payload);) payloads.push_back(payload);
  return payloads;
}

PacketSpec three_payloads() {
  PacketSpec spec;
  spec.send_time = 100;
  spec.payloads = {{.stream = 1, .presentation_time = 3100, .size = 10},
                   {.stream = 2, .key_frame = true, .presentation_time = 3140, .size = 20},
                   {.stream = 1, .presentation_time = 3180, .size = 30}};
  return spec;
}

TEST(ShiftTimes, MovesSendTimeAndPresentationTimesModulo32Bits) {
  for (const std::uint32_t shift : {1000u, 0xFFFFFF00u}) {
    auto packet = make_packet(three_payloads());
    ASSERT_TRUE(shift_times(packet, shift));
    DataPacket head;
    ASSERT_TRUE(DataPacket::parse(packet, head));
    EXPECT_EQ(head.send_time, 100 + shift);
    EXPECT_EQ(payloads_of(packet)[0].presentation_time, 3100 + shift);
    EXPECT_EQ(payloads_of(packet)[2].presentation_time, 3180 + shift);
    ASSERT_TRUE(shift_times(packet, 0u - shift));
    EXPECT_EQ(packet, make_packet(three_payloads())) << "and nothing else";
  }
}

TEST(ShiftTimes, LeavesAMalformedPacketAlone) {
  std::vector<std::byte> packet(50, std::byte{0xFF});
  const auto before = packet;
  EXPECT_FALSE(shift_times(packet, 1000));
  EXPECT_EQ(packet, before);
}

TEST(KeepPayloads, TakesOutWhatIsNotWanted) {
  for (const unsigned packet_length_type : {0u, 2u}) {
    PacketSpec spec = three_payloads();
    spec.packet_length_type = packet_length_type;
    const auto packet = make_packet(spec);
    std::vector<std::byte> edited;
    const auto first_stream = [](const Payload& payload) { return payload.stream == 1; };
    ASSERT_EQ(keep_payloads(packet, first_stream, edited), Kept::Some);
    const auto kept = payloads_of(edited);
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].presentation_time, 3100u);
    EXPECT_EQ(kept[1].presentation_time, 3180u);
    EXPECT_EQ(kept[1].data.size(), 30u);
    DataPacket head;
    ASSERT_TRUE(DataPacket::parse(edited, head));
    EXPECT_EQ(head.padding, 0u);
    EXPECT_EQ(head.send_time, 100u);
    std::vector<std::byte> padded;
    EXPECT_TRUE(pad_packet(edited, packet.size(), padded));
    EXPECT_EQ(payloads_of(padded).size(), 2u);
  }
}

TEST(KeepPayloads, SaysWhenAllOrNothingIsLeft) {
  const auto packet = make_packet(three_payloads());
  std::vector<std::byte> edited;
  EXPECT_EQ(keep_payloads(
                packet, [](const Payload&) { return true; }, edited),
            Kept::All);
  EXPECT_EQ(keep_payloads(
                packet, [](const Payload&) { return false; }, edited),
            Kept::None);
  const std::vector<std::byte> malformed(50, std::byte{0xFF});
  EXPECT_EQ(keep_payloads(
                malformed, [](const Payload&) { return true; }, edited),
            Kept::None);
}

TEST(KeepPayloads, AsksOnceForThePayloadThatObjectsShare) {
  // Two payloads of one byte of replicated data, which makes them compressed, with two objects
  // each.
  ByteWriter writer;
  writer.u8(0x01);  // several payloads, no padding, no lengths
  writer.u8(0x5D);
  writer.u32(0);
  writer.u16(0);
  writer.u8(0x80 | 2);
  for (const std::uint8_t stream : {std::uint8_t{1}, std::uint8_t{2}}) {
    writer.u8(stream);
    writer.u8(0);
    writer.u32(3000);
    writer.u8(1);
    writer.u8(40);
    writer.u16(6);
    for (int i = 0; i < 2; ++i) {
      writer.u8(2);
      writer.u16(0xABCD);
    }
  }
  const auto packet = writer.take();
  ASSERT_EQ(payloads_of(packet).size(), 4u);
  int asked = 0;
  std::vector<std::byte> edited;
  EXPECT_EQ(keep_payloads(
                packet,
                [&](const Payload& payload) {
                  ++asked;
                  return payload.stream == 2;
                },
                edited),
            Kept::Some);
  EXPECT_EQ(asked, 2);
  const auto kept = payloads_of(edited);
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[1].presentation_time, 3040u);
}

}  // namespace
}  // namespace wmpush::asf
