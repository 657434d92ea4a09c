// When `wmpush send` lets a packet go, and when it gives up: with a clock of the test's own.
#include <gtest/gtest.h>

#include "tools/wmpush/schedule.hpp"
#include "tools/wmpush/stop_request.hpp"

namespace wmpush::tool {
namespace {

using namespace std::chrono_literals;

class ScheduleTest : public ::testing::Test {
 protected:
  /// Waits for a packet as `send` does, and gives how long after the start it went out.
  std::chrono::milliseconds go(std::uint32_t send_time, std::chrono::milliseconds duration = {}) {
    now = std::max(now, schedule.due(send_time, now, duration));
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - start);
  }

  const Schedule::Clock::time_point start{1h};
  Schedule::Clock::time_point now = start;
  Schedule schedule;
};

TEST_F(ScheduleTest, LetsPacketsGoWhenTheirSendTimesSay) {
  EXPECT_EQ(go(0), 0ms);
  EXPECT_EQ(go(40), 40ms);
  EXPECT_EQ(go(41), 41ms);
  EXPECT_EQ(go(6000), 6000ms);
}

TEST_F(ScheduleTest, BeginsAtOnceWhateverTheFirstSendTimeIs) {
  EXPECT_EQ(go(3'600'000), 0ms);
  EXPECT_EQ(go(3'600'500), 500ms);
}

TEST_F(ScheduleTest, LetsPacketsWithEqualTimesGoTogether) {
  EXPECT_EQ(go(100), 0ms);
  EXPECT_EQ(go(200), 100ms);
  EXPECT_EQ(go(200), 100ms);
  EXPECT_EQ(go(200), 100ms);
}

TEST_F(ScheduleTest, KeepsTheTimeWhenPacketsAreALittleOutOfOrder) {
  EXPECT_EQ(go(0), 0ms);
  for (std::uint32_t time = 100; time <= 10'000; time += 100) {
    EXPECT_EQ(go(time), std::chrono::milliseconds(time));
    EXPECT_EQ(go(time - 90), std::chrono::milliseconds(time)) << "late packets go at once";
  }
}

TEST_F(ScheduleTest, GoesOnFromWhereItWasWhenTheClockOfTheStreamStartsAnew) {
  EXPECT_EQ(go(50'000), 0ms);
  EXPECT_EQ(go(51'000), 1000ms);
  EXPECT_EQ(go(0), 1000ms);
  EXPECT_EQ(go(500), 1500ms);
}

TEST_F(ScheduleTest, ANextEntryBeginsWhenTheLastPacketIsOverWhateverItsSendTimesAre) {
  for (const std::uint32_t first : {0u, 3'900u, 4'100u, 3'600'000u}) {
    schedule = {};
    now = start;
    EXPECT_EQ(go(0, 100ms), 0ms);
    EXPECT_EQ(go(4'000, 100ms), 4'000ms);
    schedule.begin_entry();
    EXPECT_EQ(go(first, 100ms), 4'100ms);
    EXPECT_EQ(go(first + 100), 4'200ms);
    EXPECT_EQ(go(first + 5'000), 9'100ms);
  }
}

TEST_F(ScheduleTest, AnEntryThatWasLateToBeginDoesNotCatchUp) {
  EXPECT_EQ(go(0), 0ms);
  schedule.begin_entry();
  now += 3s;
  EXPECT_EQ(go(0), 3'000ms);
  EXPECT_EQ(go(40), 3'040ms);
}

TEST_F(ScheduleTest, TheFirstEntryBeginsAtOnce) {
  schedule.begin_entry();
  EXPECT_EQ(go(700), 0ms);
  EXPECT_EQ(go(740), 40ms);
}

TEST_F(ScheduleTest, DoesNotWaitForAGapInTheRecording) {
  EXPECT_EQ(go(0), 0ms);
  EXPECT_EQ(go(30'000), 30'000ms) << "a pause that a slide show may have";
  EXPECT_EQ(go(30'000 + 30'001), 30'000ms);
  EXPECT_EQ(go(30'000 + 30'101), 30'100ms);
}

TEST_F(ScheduleTest, CountsOnThroughTheLargestSendTime) {
  EXPECT_EQ(go(0xFFFFFF00), 0ms);
  EXPECT_EQ(go(0x00000100), 512ms);
}

TEST_F(ScheduleTest, CatchesUpAfterAStall) {
  EXPECT_EQ(go(0), 0ms);
  now += 9s;
  EXPECT_EQ(go(1000), 9000ms);
  EXPECT_EQ(go(8000), 9000ms);
  EXPECT_EQ(go(10'000), 10'000ms);
}

TEST_F(ScheduleTest, GoesOnAtItsPaceWhenItIsMuchTooLate) {
  EXPECT_EQ(go(0), 0ms);
  now += 1h;
  EXPECT_EQ(go(1000), 3'600'000ms);
  EXPECT_EQ(go(2000), 3'601'000ms);
}

TEST(StopRequest, LeavesTimeForAProperEndAfterTheFirstSignal) {
  EXPECT_FALSE(StopRequest::must_give_up(0, 100s, true));
  EXPECT_FALSE(StopRequest::must_give_up(1, 4999ms, true));
  EXPECT_TRUE(StopRequest::must_give_up(1, 5s, true));
}

TEST(StopRequest, GivesUpAtTheSecondSignal) { EXPECT_TRUE(StopRequest::must_give_up(2, 0s, true)); }

TEST(StopRequest, GivesUpAtOnceWhileThereIsNothingToEnd) {
  EXPECT_FALSE(StopRequest::must_give_up(0, 100s, false));
  EXPECT_TRUE(StopRequest::must_give_up(1, 0s, false));
}

}  // namespace
}  // namespace wmpush::tool
