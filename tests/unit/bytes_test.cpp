#include "core/bytes.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(ByteReader, ReadsLittleEndianNumbersStraightDown) {
  const std::array<std::byte, 15> bytes{
      std::byte{0x01}, std::byte{0x02}, std::byte{0x03}, std::byte{0x04}, std::byte{0x05},
      std::byte{0x06}, std::byte{0xFF}, std::byte{0x08}, std::byte{0x09}, std::byte{0x0A},
      std::byte{0x0B}, std::byte{0x0C}, std::byte{0x0D}, std::byte{0x0E}, std::byte{0xF0}};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u8(), 0x01);
  EXPECT_EQ(reader.u16(), 0x0302);
  EXPECT_EQ(reader.u32(), 0xFF060504u);
  EXPECT_EQ(reader.u64(), 0xF00E0D0C0B0A0908u);
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(ByteReader, StaysFailedOnceItRanOver) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0u);
  EXPECT_TRUE(reader.bytes(1).empty());
  EXPECT_FALSE(reader.ok());
}

TEST(ByteReader, SeeksWithinTheBytesOnly) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
  ByteReader reader(bytes);
  reader.seek(2);
  EXPECT_EQ(reader.u8(), 3);
  reader.seek(4);
  EXPECT_FALSE(reader.ok());
}

TEST(ByteWriter, SetsASizeThatIsKnownLater) {
  ByteWriter writer;
  writer.u8(7);
  const auto size = writer.reserve<std::uint32_t>();
  writer.zeros(2);
  writer.u16(0xABCD);
  writer.set(size, static_cast<std::uint32_t>(writer.size()));
  const auto bytes = writer.take();
  ASSERT_EQ(bytes.size(), 9u);
  EXPECT_EQ(load_le<std::uint32_t>(bytes, 1), 9u);
  EXPECT_EQ(load_le<std::uint16_t>(bytes, 7), 0xABCD);
}

}  // namespace
}  // namespace wmpush
