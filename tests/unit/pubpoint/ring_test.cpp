#include "pubpoint/point/ring.hpp"

#include <gtest/gtest.h>

#include "support/asf_builder.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kPacket = 100;

Item header(std::uint64_t preroll = 1000) {
  test::HeaderSpec spec;
  spec.preroll = preroll;
  spec.streams = {test::StreamSpec::video(1)};
  return {nullptr, EntryHeader::parse(test::make_header(spec)), 0};
}

Item packet(std::uint32_t send_time, bool starts) {
  auto packet = std::make_shared<Packet>();
  packet->whole.resize(kPacket);
  packet->send_time = send_time;
  packet->starts = starts;
  return {std::move(packet), nullptr, 0};
}

/// A header, and packets of 40 ms with a key frame each ten.
Ring ring_of(int packets, std::size_t queue = 1'000'000) {
  Ring ring(queue);
  ring.push(header());
  for (int i = 0; i < packets; ++i)
    ring.push(packet(static_cast<std::uint32_t>(i) * 40, i % 10 == 0));
  return ring;
}

TEST(Ring, StartsAtTheNewestKeyFrameThatIsAsOldAsThePreroll) {
  EXPECT_EQ(ring_of(60).start(), 1u + 30) << "at 1200 of 2360 ms";
  EXPECT_EQ(ring_of(60).newest_start(), 1u + 50);
}

TEST(Ring, StartsAtTheOldestKeyFrameOfAShortEntryAndWaitsWhereThereIsNone) {
  EXPECT_EQ(ring_of(15).start(), 1u);
  Ring ring(1000);
  ring.push(header());
  ring.push(packet(0, false));
  EXPECT_EQ(ring.start(), ring.end());
}

TEST(Ring, StartsInTheEntryThatIsOnAirOnly) {
  Ring ring = ring_of(60);
  ring.push(header());
  EXPECT_EQ(ring.start(), ring.end());
  EXPECT_EQ(ring.last_change(), ring.end() - 1);
  ring.push(packet(0, true));
  EXPECT_EQ(ring.start(), ring.end() - 1);
  ring.push({nullptr, nullptr, 0});
  EXPECT_EQ(ring.start(), ring.end());
  EXPECT_EQ(ring.header(), nullptr);
}

TEST(Ring, KeepsTheQueueAndWhatANewViewerBeginsWith) {
  const Ring ring = ring_of(200, 10 * kPacket);
  EXPECT_LE(ring.begin(), ring.start());
  EXPECT_EQ(ring.begin(), ring.start()) << "older than the queue, and needed all the same";
  EXPECT_EQ(ring.bytes_from(ring.end() - 1), kPacket);
  EXPECT_EQ(ring.bytes_from(ring.begin()), (ring.end() - ring.begin()) * kPacket);
}

TEST(Ring, IsBoundedWhereNoKeyFrameComes) {
  Ring ring(10 * kPacket);
  ring.push(header());
  ring.push(packet(0, true));
  for (std::uint32_t i = 1; i < 1000; ++i) ring.push(packet(i * 40, false));
  EXPECT_LE(ring.bytes_from(ring.begin()), 4 * 10 * kPacket);
  EXPECT_EQ(ring.start(), ring.end()) << "the next key frame is waited for";
}

}  // namespace
}  // namespace wmpush::pubpoint
