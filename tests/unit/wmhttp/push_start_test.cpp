#include "wmhttp/push_start.hpp"

#include <gmock/gmock.h>

#include <string>

namespace wmpush::wmhttp {
namespace {

using namespace std::chrono_literals;
constexpr Time kBegin{1h};

LoggedFrame frame(FrameId id, std::size_t size, std::uint32_t reason = 0) {
  static const std::string wire(70'000, 'w');
  return {id, reason, false, as_bytes(wire).first(size)};
}

std::string text_of(SendQueue& queue) {
  std::string text;
  for (const Bytes part : queue.view()) text += as_text(part);
  return text;
}

TEST(PushStart, C27_HasRoomForAFrameWhenAFillerCanStillFollow) {
  const PushStart start(100, {}, kBegin);
  EXPECT_TRUE(start.has_room_for(frame(FrameId::Data, 96)));
  EXPECT_FALSE(start.has_room_for(frame(FrameId::Data, 97)));
  EXPECT_FALSE(start.has_room_for(frame(FrameId::Data, 100)));
}

TEST(PushStart, TheEndOfTheStreamNeedsNothingBehindIt) {
  EXPECT_TRUE(PushStart(8, {}, kBegin).has_room_for(frame(FrameId::End, 8)));
  EXPECT_TRUE(PushStart(11, {}, kBegin).has_room_for(frame(FrameId::End, 8)));
  EXPECT_FALSE(PushStart(7, {}, kBegin).has_room_for(frame(FrameId::End, 8)));
}

TEST(PushStart, TheEndOfAnEntryLeavesNothingOrRoomForAFiller) {
  const auto room = [](std::int64_t length) {
    return PushStart(length, {}, kBegin).has_room_for(frame(FrameId::End, 8, kReasonNextEntry));
  };
  EXPECT_TRUE(room(8));
  for (const std::int64_t length : {9, 10, 11}) EXPECT_FALSE(room(length)) << length;
  EXPECT_TRUE(room(12));
}

TEST(PushStart, NoneHasRoomForNothing) {
  EXPECT_FALSE(PushStart().has_room_for(frame(FrameId::Data, 5)));
  EXPECT_FALSE(PushStart().kept_alive());
}

/// Any rest is filled exactly, by frames of the protocol, none of which leaves a rest too small for
/// another one.
TEST(PushStart, C27_FillsAnyRestExactly) {
  for (const std::int64_t rest : {4, 5, 65534, 65535, 65536, 65537, 65538, 65539, 65540, 131'075}) {
    PushStart start(rest, {}, kBegin);
    SendQueue queue;
    start.fill(queue);
    const std::string text = text_of(queue);
    EXPECT_EQ(text.size(), static_cast<std::size_t>(rest));
    FrameReader reader;
    Frame filler;
    Bytes input = as_bytes(text);
    while (!input.empty()) {
      ASSERT_EQ(reader.next(input, filler), FrameReader::Status::Frame) << rest;
      EXPECT_EQ(filler.id, FrameId::Filler);
    }
    EXPECT_EQ(reader.pending(), 0u);
  }
}

TEST(PushStart, LendsWhatItWrites) {
  PushStart start(1000, {}, kBegin);
  SendQueue queue;
  EXPECT_FALSE(start.has_content());
  const LoggedFrame data = frame(FrameId::Data, 300);
  start.write(data, queue);
  EXPECT_EQ(queue.view().front().data(), data.wire.data());
  EXPECT_TRUE(start.has_content());
  EXPECT_FALSE(start.has_room_for(frame(FrameId::Data, 697)));
}

TEST(PushStart, RemembersAnAnswerThatCameEarly) {
  PushStart start(1000, {}, kBegin);
  start.accept(false);
  EXPECT_TRUE(start.accepted());
  EXPECT_FALSE(start.kept_alive());
  start.accept(true);
  EXPECT_TRUE(start.kept_alive());
}

TEST(PushStart, MeasuresItsBitRateOnceItHasLasted) {
  PushStart start(1'000'000, {}, kBegin);
  SendQueue queue;
  for (int i = 0; i < 10; ++i) start.write(frame(FrameId::Data, 10'000), queue);
  EXPECT_EQ(start.bitrate(kBegin + 4s), 0);
  EXPECT_EQ(start.bitrate(kBegin + 8s), 100'000);
}

TEST(PushStartLength, C09_IsTheLargestWhereNoProxyIsKnown) {
  EXPECT_EQ(push_start_length({}, {1000, 500'000}, FrameLog(false)), kDirectContentLength);
}

TEST(PushStartLength, C09_LastsSixtySecondsThroughAProxyAtWhatIsDeclaredOrMeasured) {
  const FrameLog log(false);
  EXPECT_EQ(push_start_length({0, true, 0}, {1000, 800'000}, log), 6'000'000);
  EXPECT_EQ(push_start_length({0, true, 1'600'000}, {1000, 800'000}, log), 12'000'000);
  EXPECT_EQ(push_start_length({0, true, 0}, {1000, 0}, log), 7'500'000) << "assumed: 1 Mbit/s";
}

TEST(PushStartLength, IsNeverTooShortForWhatMustFit) {
  FrameLog log(false);
  EXPECT_EQ(push_start_length({10, false, 0}, {1000, 0}, log), 3 * 1004) << "three packets";
  const std::string header(50'000, 'h');
  log.append(FrameId::Header, 0, {}, as_bytes(header));
  EXPECT_EQ(push_start_length({10, false, 0}, {1000, 0}, log), 8 + 50'000 + 4) << "a $C";
  const std::string packet(60'000, 'p');
  log.append(FrameId::Data, 0, {}, as_bytes(packet));
  EXPECT_EQ(push_start_length({10, false, 0}, {1000, 0}, log), 60'004 + 4) << "what waits";
}

}  // namespace
}  // namespace wmpush::wmhttp
