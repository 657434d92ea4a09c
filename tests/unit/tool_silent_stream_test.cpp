// The stream that trials of a receiver send.
#include <gtest/gtest.h>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "tools/wmpush/silent_stream.hpp"

namespace wmpush::tool {
namespace {

TEST(SilentStream, HasAHeaderOfAnySize) {
  for (const std::size_t size :
       {SilentStream::kSmallestHeader, std::size_t{8192}, std::size_t{65531}}) {
    const auto bytes = SilentStream().header(size);
    EXPECT_EQ(bytes.size(), size);
    asf::Header header;
    ASSERT_FALSE(asf::parse_header(bytes, header));
    EXPECT_EQ(header.packet_size, SilentStream::kPacketSize);
    EXPECT_EQ(header.data_object + 50, size);
  }
}

TEST(SilentStream, HasPacketsOfAnySizeWithTheirTimes) {
  for (const std::size_t size :
       {SilentStream::kSmallestPacket, std::size_t{3200}, std::size_t{65535}}) {
    SilentStream stream(size);
    std::uint32_t before = 0;
    for (int i = 0; i < 3; ++i) {
      const auto bytes = stream.packet();
      EXPECT_EQ(bytes.size(), size);
      asf::DataPacket packet;
      ASSERT_TRUE(asf::DataPacket::parse(bytes, packet));
      EXPECT_EQ(packet.send_time > before, i > 0);
      before = packet.send_time;
    }
  }
}

}  // namespace
}  // namespace wmpush::tool
