#include "pubpoint/web/history.hpp"

#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;
using std::chrono::system_clock;

constexpr Clock::time_point kStart{1000s};
constexpr system_clock::time_point kWall{1'700'000'000s};

struct Told : History {
  void tell(std::chrono::milliseconds at, AirState state, std::uint64_t bitrate = 0,
            std::size_t viewers = 0) {
    begin(kStart + at, kWall + at);
    take("/live", state, bitrate, viewers);
    end();
  }
};

TEST(History, TakesASampleEveryFiveSecondsAndKeepsTenMinutes) {
  Told history;
  for (int second = 0; second <= 12; ++second)
    history.tell(std::chrono::seconds(second), AirState::OnAir, static_cast<std::uint64_t>(second),
                 3);
  const auto& samples = history.find("/live")->samples;
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[1].bitrate, 5u);
  EXPECT_EQ(samples[2].bitrate, 10u);
  EXPECT_EQ(samples[2].viewers, 3u);
  EXPECT_EQ(history.samples_taken(), 3u);
  for (int second = 13; second <= 3600; ++second)
    history.tell(std::chrono::seconds(second), AirState::OnAir);
  EXPECT_EQ(samples.size(), 121u);
  EXPECT_EQ(samples.front().at, kStart + 3000s);
}

TEST(History, KnowsSinceWhenAPointIsInItsState) {
  Told history;
  history.tell(0s, AirState::Off);
  history.tell(1s, AirState::OnAir);
  history.tell(2s, AirState::OnAir);
  EXPECT_EQ(history.find("/live")->state, AirState::OnAir);
  EXPECT_EQ(history.find("/live")->since, kWall + 1s);
  history.tell(3s, AirState::Waiting);
  EXPECT_EQ(history.find("/live")->since, kWall + 3s);
}

TEST(History, ForgetsAPointThatHasGone) {
  Told history;
  history.tell(0s, AirState::Off);
  history.note("/live", {});
  history.note("/gone", {});
  history.tell(1s, AirState::Off);
  EXPECT_EQ(history.find("/live")->events.size(), 1u);
  EXPECT_EQ(history.find("/gone"), nullptr);
  history.begin(kStart + 2s, kWall + 2s);
  history.end();
  EXPECT_EQ(history.find("/live"), nullptr);
}

TEST(History, KeepsTheLastTwentyPushes) {
  Told history;
  for (int i = 0; i < 50; ++i)
    history.note(
        "/live",
        {.at = {}, .begun = true, .peer = std::to_string(i), .user_agent = {}, .because = {}});
  const auto& events = history.find("/live")->events;
  ASSERT_EQ(events.size(), 20u);
  EXPECT_EQ(events.front().peer, "30");
  EXPECT_EQ(events.back().peer, "49");
  EXPECT_FALSE(history.find("/live")->is_known()) << "of its state nothing was said";
}

}  // namespace
}  // namespace wmpush::pubpoint
