// What a picture is made of: the newest key frame that has come whole.
#include "pubpoint/picture/key_frame.hpp"

#include <gtest/gtest.h>

#include "support/asf_builder.hpp"

namespace wmpush::pubpoint {
namespace {

using test::HeaderSpec;
using test::make_packet;
using test::PacketSpec;
using test::PayloadSpec;
using test::StreamSpec;

class KeyFrameTest : public testing::Test {
 protected:
  static std::shared_ptr<const EntryHeader> header(std::vector<StreamSpec> streams) {
    HeaderSpec spec;
    spec.streams = std::move(streams);
    return EntryHeader::parse(test::make_header(spec));
  }
  void begin(std::vector<StreamSpec> streams = {StreamSpec::video(1), StreamSpec::audio(2)}) {
    key_frame.take({nullptr, header(std::move(streams)), 0});
  }
  void take(std::vector<PayloadSpec> payloads, bool starts) {
    PacketSpec spec;
    spec.payloads = std::move(payloads);
    auto packet = std::make_shared<Packet>();
    packet->whole = make_packet(spec);
    packet->starts = starts;
    key_frame.take({packet, nullptr, 0});
  }
  /// A key frame of 100 bytes, in two packets; with `whole` both come.
  void take_key_frame(std::uint8_t object, bool whole = true) {
    take({{1, true, object, 0, 100, 0, 60}}, true);
    if (whole) take({{1, true, object, 60, 100, 0, 40}}, false);
  }

  KeyFrame key_frame;
};

TEST_F(KeyFrameTest, IsThereOnceItIsWhole) {
  EXPECT_EQ(key_frame.number(), 0u);
  begin();
  take_key_frame(1, false);
  EXPECT_EQ(key_frame.number(), 0u);
  take({{2, true, 7, 0, 30, 0, 30}}, false);  // sound in between
  EXPECT_EQ(key_frame.number(), 0u);
  take({{1, true, 1, 60, 100, 0, 40}}, false);
  EXPECT_EQ(key_frame.number(), 1u);
  EXPECT_EQ(key_frame.packets().packets.size(), 3u);
  const std::vector<std::byte> asf = key_frame.packets().asf();
  EXPECT_EQ(asf.size(), key_frame.packets().header->bytes.size() + 3 * 200);
}

TEST_F(KeyFrameTest, TheLastWholeOneStaysUntilTheNextIsWhole) {
  begin();
  take_key_frame(1);
  const auto first = key_frame.packets().packets;
  take({{1, false, 2, 0, 50, 0, 50}}, false);  // what is no key frame changes nothing
  take_key_frame(3, false);
  EXPECT_EQ(key_frame.number(), 1u);
  EXPECT_EQ(key_frame.packets().packets, first);
  take({{1, true, 3, 60, 100, 0, 40}}, false);
  EXPECT_EQ(key_frame.number(), 2u);
  EXPECT_NE(key_frame.packets().packets, first);
}

TEST_F(KeyFrameTest, OneWhoseSizeIsNotSaidIsWholeWhenTheNextFrameBegins) {
  begin();
  take({{1, true, 1, 0, 0, 0, 60}}, true);
  EXPECT_EQ(key_frame.number(), 0u);
  take({{1, false, 2, 0, 0, 0, 60}}, false);
  EXPECT_EQ(key_frame.number(), 1u);
}

TEST_F(KeyFrameTest, OneThatLostItsEndIsNone) {
  begin();
  take_key_frame(1, false);
  take_key_frame(2);
  EXPECT_EQ(key_frame.number(), 1u);
  EXPECT_EQ(key_frame.packets().packets.size(), 2u);
}

TEST_F(KeyFrameTest, ItsNumberCountsOnWithOtherStreamsAndNothingStaysOfTheOld) {
  begin();
  take_key_frame(1);
  begin({StreamSpec::video(1)});
  EXPECT_EQ(key_frame.number(), 0u);
  take_key_frame(1);
  EXPECT_EQ(key_frame.number(), 2u);
  key_frame.take({nullptr, nullptr, 0});  // the end of the stream
  EXPECT_EQ(key_frame.number(), 0u);
  take_key_frame(2);
  EXPECT_EQ(key_frame.number(), 0u);
}

TEST_F(KeyFrameTest, ThereIsNoneInSoundAlone) {
  begin({StreamSpec::audio(1)});
  take({{1, true, 1, 0, 60, 0, 60}}, true);
  EXPECT_EQ(key_frame.number(), 0u);
}

TEST_F(KeyFrameTest, OneThatIsTooLargeIsNotKept) {
  begin();
  take({{1, true, 1, 0, 0xFFFFFFFF, 0, 60}}, true);
  for (std::size_t bytes = 200; bytes <= KeyFrame::kMost; bytes += 200)
    take({{1, true, 1, 60, 0xFFFFFFFF, 0, 60}}, false);
  take({{1, false, 2, 0, 60, 0, 60}}, false);
  EXPECT_EQ(key_frame.number(), 0u);
  take_key_frame(3);
  EXPECT_EQ(key_frame.number(), 1u);
}

}  // namespace
}  // namespace wmpush::pubpoint
