#include "sink/congestion.hpp"

#include <gmock/gmock.h>

#include "support/asf_builder.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLimit = 10'000;

asf::Header header_of(std::vector<StreamSpec> streams) {
  HeaderSpec spec;
  spec.packet_size = 1000;
  spec.streams = std::move(streams);
  asf::Header header;
  EXPECT_FALSE(asf::parse_header(make_header(spec), header));
  return header;
}

/// A packet of one payload of stream 1 in full, and nothing else.
std::vector<std::byte> picture(bool key_frame, std::uint32_t offset = 0) {
  PacketSpec spec;
  spec.packet_size = 1000;
  spec.payloads = {{1, key_frame, 0, offset, 5000, 0, 500}};
  return make_packet(spec);
}

class CongestionTest : public testing::Test {
 protected:
  void SetUp() override { congestion.take_header(header_of({StreamSpec::video(1)})); }
  bool admits(const std::vector<std::byte>& packet, std::size_t queued) {
    return !congestion.admit(packet, queued).empty();
  }

  Congestion congestion{kLimit};
};

TEST_F(CongestionTest, LetsEverythingPassWhileThereIsRoom) {
  EXPECT_TRUE(admits(picture(false), 0));
  EXPECT_TRUE(admits(picture(false), kLimit - 1000));
  EXPECT_EQ(congestion.dropped(), 0u);
  EXPECT_EQ(congestion.take_note(), "");
}

TEST_F(CongestionTest, LeavesPacketsOutUntilAQuarterWaitsAndAKeyFrameBegins) {
  EXPECT_FALSE(admits(picture(true), kLimit));
  EXPECT_THAT(congestion.take_note(), HasSubstr("the network is too slow"));
  EXPECT_FALSE(admits(picture(true), kLimit / 4 + 1));
  EXPECT_FALSE(admits(picture(false), 0));
  EXPECT_FALSE(admits(picture(true, 500), 0)) << "the rest of a key frame";
  EXPECT_EQ(congestion.take_note(), "");
  EXPECT_TRUE(admits(picture(true), kLimit / 4));
  EXPECT_THAT(congestion.take_note(), HasSubstr("caught up: 4 packets were left out"));
  EXPECT_TRUE(admits(picture(false), 0));
  EXPECT_EQ(congestion.dropped(), 4u);
}

TEST_F(CongestionTest, GoesOnWithoutTheRestOfThePictureBefore) {
  EXPECT_FALSE(admits(picture(true), kLimit));
  PacketSpec spec;
  spec.packet_size = 1000;
  spec.payloads = {{1, false, 7, 4600, 5000, 0, 400}, {1, true, 8, 0, 5000, 40, 400}};
  spec.multiple = true;
  const auto packet = make_packet(spec);
  const Bytes sent = congestion.admit(packet, 0);
  ASSERT_FALSE(sent.empty());
  EXPECT_LT(sent.size(), packet.size() - 400 + 50);
}

TEST_F(CongestionTest, SoundAloneGoesOnAtOnce) {
  congestion.take_header(header_of({StreamSpec::audio(1)}));
  EXPECT_FALSE(admits(picture(false), kLimit));
  EXPECT_TRUE(admits(picture(false), 0));
}

}  // namespace
}  // namespace wmpush::test
