#include "pubpoint/simple_index.hpp"

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

TEST(SimpleIndex, StaysSmallWhateverTimesAPusherSends) {
  SimpleIndex index;
  index.begin_key_frame(0, 0, 1);
  index.begin_key_frame(0xFFFFFFFF, 1, 2);
  index.advance(0xFFFFFFFF);
  EXPECT_EQ(entries_of(index).size(), SimpleIndex::kMaxEntries);
}

}  // namespace
}  // namespace wmpush::pubpoint
