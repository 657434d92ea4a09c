#include "pubpoint/record/simple_index.hpp"

#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

struct Entry {
  std::uint32_t packet;
  std::uint16_t count;
  bool operator==(const Entry&) const = default;
};

void PrintTo(const Entry& entry, std::ostream* out) {
  *out << entry.packet << " x " << entry.count;
}

std::vector<Entry> entries_of(SimpleIndex& index) {
  const auto object = index.take({});
  ByteReader reader(object);
  EXPECT_EQ(asf::guid_at(reader.bytes(16)), asf::kSimpleIndex);
  EXPECT_EQ(reader.u64(), object.size());
  reader.skip(16 + 8 + 4);
  std::vector<Entry> entries(reader.u32());
  for (Entry& entry : entries) {
    entry.packet = reader.u32();
    entry.count = reader.u16();
  }
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
  return entries;
}

TEST(SimpleIndex, LeadsEachSecondToTheLastKeyFrameAtOrBeforeIt) {
  SimpleIndex index;
  EXPECT_TRUE(index.empty());
  index.begin_key_frame(3100, 0, 1);
  index.note_part(1, 1);
  index.note_part(1, 2);  // of another object
  index.begin_key_frame(4000, 7, 9);
  index.begin_key_frame(4500, 8, 10);
  index.begin_key_frame(4600, 9, 11);
  index.advance(6000);
  EXPECT_FALSE(index.empty());
  const std::vector<Entry> expected = {{0, 2}, {0, 2}, {0, 2}, {0, 2}, {7, 1}, {9, 1}, {9, 1}};
  EXPECT_EQ(entries_of(index), expected);
}

TEST(SimpleIndex, CountsOnlyPacketsThatFollowAtOnce) {
  SimpleIndex index;
  index.begin_key_frame(0, 10, 0);
  index.note_part(11, 0);
  index.note_part(11, 0);
  index.note_part(12, 0);
  index.note_part(500, 0);  // the number of the object has come round again
  EXPECT_EQ(entries_of(index), (std::vector<Entry>{{10, 3}}));
}

TEST(SimpleIndex, IgnoresAKeyFrameThatGoesBackInTime) {
  SimpleIndex index;
  index.begin_key_frame(2000, 5, 1);
  index.begin_key_frame(1000, 6, 2);
  index.advance(2000);
  EXPECT_EQ(entries_of(index), (std::vector<Entry>{{5, 1}, {5, 1}, {5, 1}}));
}

TEST(SimpleIndex, SetsItsEntriesFurtherApartWhenThereAreManySeconds) {
  SimpleIndex index;
  for (std::uint32_t second = 0; second < 40; ++second)
    index.begin_key_frame(second * 1000, second, second);
  // Forty seconds in sixteen entries at most: one for every 4 s.
  std::vector<Entry> expected;
  for (std::uint32_t i = 0; i < 10; ++i) expected.push_back({4 * i, 1});
  index.advance(39'000);
  EXPECT_EQ(entries_of(index), expected);
}

TEST(SimpleIndex, MayHaveMoreLater) {
  SimpleIndex index;
  index.begin_key_frame(0, 0, 1);
  index.allow(100);
  index.allow(1);
  index.advance(98'500);
  EXPECT_EQ(entries_of(index).size(), 99u);
}

TEST(SimpleIndex, StaysSmallWhateverTimesAPusherSends) {
  SimpleIndex index;
  index.begin_key_frame(0, 0, 1);
  index.begin_key_frame(0xFFFFFFFF, 1, 2);
  index.advance(std::uint64_t{1} << 50);
  const auto entries = entries_of(index);
  EXPECT_LE(entries.size(), SimpleIndex::kFewestEntries);
  EXPECT_EQ(entries.back().packet, 1u);
}

}  // namespace
}  // namespace wmpush::pubpoint
