#include "wmhttp/frame_log.hpp"

#include <gmock/gmock.h>

#include <string>

namespace wmpush::wmhttp {
namespace {

class FrameLogTest : public testing::Test {
 protected:
  void packet(char mark, std::size_t size = 96) {
    const std::string payload(size, mark);
    log.append(FrameId::Data, 0, as_bytes(payload).first(size / 2),
               as_bytes(payload).subspan(size / 2));
  }
  void header(FrameId id, const std::string& payload) { log.append(id, 0, {}, as_bytes(payload)); }

  /// Writes everything that is to be written, behind what was written before; "HDD" by the ids.
  std::string write_all() {
    std::string ids;
    while (log.pending()) {
      const LoggedFrame frame = log.next();
      ids += static_cast<char>(frame.id);
      end += frame.size();
      log.wrote(end);
    }
    return ids;
  }
  /// The marks of the packets that are to be written, without writing them for good.
  std::string pending() {
    std::string marks;
    while (log.pending()) {
      const LoggedFrame frame = log.next();
      marks += frame.id == FrameId::Data ? static_cast<char>(frame.payload()[0])
                                         : static_cast<char>(frame.id);
      log.wrote(end += frame.size());
    }
    return marks;
  }
  void begin_connection() { end = 0; }

  FrameLog log{true};
  std::uint64_t end = 0;
};

TEST_F(FrameLogTest, GivesTheFramesInOrderEachAsOnePieceOfTheWire) {
  header(FrameId::Header, "head");
  packet('a');
  EXPECT_EQ(as_text(log.next().wire), std::string("$H\x04\0head", 8));
  EXPECT_EQ(as_text(log.next().payload()), "head");
  EXPECT_EQ(write_all(), "HD");
  EXPECT_FALSE(log.pending());
  EXPECT_EQ(log.header_size(), 4u);
}

TEST_F(FrameLogTest, WhatOurKernelHasIsGoneWhereNothingIsKept) {
  log = FrameLog(false);
  packet('a');
  packet('b');
  write_all();
  EXPECT_EQ(log.sent(99), 0u) << "the first one is not whole";
  EXPECT_EQ(log.sent(150), 1u);
  EXPECT_EQ(log.sent(200), 1u);
  log.rewind(0, 0);
  EXPECT_FALSE(log.pending());
}

TEST_F(FrameLogTest, AFrameStaysWhereItIsUntilItIsSent) {
  packet('a');
  const Bytes wire = log.next().wire;
  for (char mark = 'b'; mark < 'z'; ++mark) packet(mark, 40'000);
  EXPECT_EQ(as_text(wire.subspan(4)), std::string(96, 'a'));
}

TEST_F(FrameLogTest, ALossHasWrittenAgainWhatThePeerHasNotAcknowledged) {
  for (const char mark : {'a', 'b', 'c', 'd'}) packet(mark);
  write_all();
  log.sent(400);
  log.acknowledge(200, 0);
  EXPECT_EQ(log.rewind(250, 0), 0u);
  ASSERT_TRUE(log.pending());
  EXPECT_TRUE(log.next().again);
  begin_connection();
  EXPECT_EQ(pending(), "cd");
}

TEST_F(FrameLogTest, WhatWasNeverWrittenIsNotWrittenAgain) {
  packet('a');
  write_all();
  packet('b');
  log.rewind(0, 0);
  EXPECT_TRUE(log.next().again);
  log.wrote(100);
  EXPECT_FALSE(log.next().again);
}

TEST_F(FrameLogTest, APacketCountsAsSentOnceHoweverOftenItIs) {
  packet('a');
  write_all();
  EXPECT_EQ(log.sent(100), 1u);
  log.rewind(0, 0);
  begin_connection();
  write_all();
  EXPECT_EQ(log.sent(100), 0u);
}

TEST_F(FrameLogTest, PacketsThatWereTakenAndMayBeUnreadAreAtRisk) {
  for (const char mark : {'a', 'b', 'c', 'd'}) packet(mark);
  write_all();
  log.sent(400);
  log.acknowledge(300, 150);  // read: a, and half of b
  EXPECT_EQ(log.at_risk(300, 150), 3u) << "b and c unread, d not taken";
  EXPECT_EQ(log.rewind(300, 150), 2u);
  begin_connection();
  EXPECT_EQ(pending(), "d");
}

TEST_F(FrameLogTest, TheFirstBytesOfAPushStartAreKeptHoweverWellTheyArrive) {
  log.begin(0, 250, 1000);
  packet('a');
  packet('b');
  write_all();
  log.sent(200);
  log.acknowledge(200, 0);
  EXPECT_TRUE(log.whole());
  packet('c');
  write_all();
  EXPECT_FALSE(log.whole()) << "300 bytes";
  log.sent(300);
  log.rewind(log.beginning(), 0);
  begin_connection();
  EXPECT_EQ(pending(), "c");
}

TEST_F(FrameLogTest, KeepsNoMoreThanItsLimitForAPeerThatNeverAcknowledges) {
  const std::size_t count = kMaxUnacknowledged / 60'000 + 10;
  for (std::size_t i = 0; i < count; ++i) {
    packet('x', 60'000);
    write_all();
    log.sent(end);
  }
  log.rewind(0, 0);
  EXPECT_LE(log.pending_bytes(), kMaxUnacknowledged);
  EXPECT_GT(log.pending_bytes(), kMaxUnacknowledged - 200'000);
}

TEST_F(FrameLogTest, ANewSessionBeginsWithTheHeaderThatIsInForce) {
  header(FrameId::Header, "first");
  packet('a');
  packet('b');
  write_all();
  log.sent(end);
  log.rewind(end - 100, 0);
  log.begin_with_header();
  EXPECT_EQ(as_text(log.next().payload()), "first");
  begin_connection();
  EXPECT_EQ(pending(), "Hb");
}

TEST_F(FrameLogTest, ANewSessionThatGoesOnWhereAnEntryBeginsHasItsHeaderFirst) {
  header(FrameId::Header, "first");
  write_all();
  log.sent(end);
  log.rewind(end, 0);
  log.append(FrameId::End, kReasonNextEntry, {}, {});
  header(FrameId::StreamChange, "second");
  packet('a');
  log.begin_with_header();
  EXPECT_EQ(log.next().id, FrameId::Header);
  EXPECT_EQ(as_text(log.next().payload()), "second");
  begin_connection();
  EXPECT_EQ(pending(), "Ha");
}

TEST_F(FrameLogTest, AHeaderThatIsToBeWrittenAnywayIsNotWrittenTwice) {
  header(FrameId::Header, "first");
  packet('a');
  log.begin_with_header();
  EXPECT_EQ(pending(), "Ha");
}

TEST_F(FrameLogTest, ForgetsWhatWasWrittenAndKeepsWhatWasNot) {
  packet('a');
  write_all();
  packet('b');
  log.forget_written();
  begin_connection();
  EXPECT_EQ(pending(), "b");
}

TEST_F(FrameLogTest, TellsTheSizesOfWhatIsToBeWritten) {
  packet('a', 10);
  packet('b', 500);
  EXPECT_EQ(log.largest_pending(), 504u);
  EXPECT_EQ(log.pending_bytes(), 518u);
}

TEST(UnreadPackets, CountsThoseBehindAnOffset) {
  UnreadPackets packets;
  for (const std::uint64_t end : {100u, 200u, 300u}) packets.add(end);
  EXPECT_EQ(packets.behind(100), 2u);
  packets.read_to(200);
  EXPECT_EQ(packets.behind(0), 1u);
  packets.add(150);
  EXPECT_EQ(packets.behind(0), 1u) << "that was read before it came";
}

TEST(UnreadPackets, OfVeryManyNoneIsForgotten) {
  UnreadPackets packets;
  constexpr std::uint64_t kAll = 10 * UnreadPackets::kMost;
  for (std::uint64_t i = 1; i <= kAll; ++i) packets.add(100 * i);
  EXPECT_EQ(packets.behind(0), kAll);
  EXPECT_GE(packets.behind(100 * kAll / 2), kAll / 2) << "at the least";
  EXPECT_LE(packets.behind(100 * kAll / 2), kAll / 2 + kAll / 100);
  packets.read_to(100 * kAll);
  EXPECT_EQ(packets.behind(0), 0u);
}

TEST(BlockStore, UsesABlockAgainWhenNothingIsLeftInIt) {
  BlockStore store;
  BlockStore::Block* block = nullptr;
  const std::byte* first = store.take(1000, block).data();
  store.give_back(block);
  EXPECT_EQ(store.take(2000, block).data(), first);
}

}  // namespace
}  // namespace wmpush::wmhttp
