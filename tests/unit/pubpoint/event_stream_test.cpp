#include "pubpoint/web/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

/// Whoever listens: what it was told, and whether it takes it.
class Listener final : public ClientConnection {
 public:
  std::vector<std::string> heard;
  bool takes_nothing = false;
  bool open = true;

  const std::string& address() const override { return name_; }
  const std::string& peer() const override { return name_; }
  bool secure() const override { return false; }
  bool is_open() const override { return open; }
  std::shared_ptr<void> keep() override { return alive_; }
  void answer(int, Fields) override {}
  void say(std::string response) override { heard.push_back(std::move(response)); }
  bool is_sending() const override { return takes_nothing && !heard.empty(); }
  void refuse(int, const std::vector<Breach>&) override {}
  void end_record(int) override {}
  void close_politely() override { open = false; }
  void close() override { open = false; }
  Socket release() override { return {}; }
  void read_next(Reading) override {}
  void pause(std::chrono::milliseconds, std::function<void()>) override {}
  void hold() override {}
  void go_on() override {}
  void end_pause() override {}
  void read_all() override {}
  void post(std::function<void()>) override {}
  RequestRecord* record() override { return nullptr; }
  std::optional<RequestRecord> take_record() override { return std::nullopt; }

 private:
  std::shared_ptr<void> alive_ = std::make_shared<int>();
  std::string name_;
};

Snapshot two_points() {
  Snapshot snapshot;
  for (const char* name : {"/one", "/two <b>"}) {
    PointNumbers& point = snapshot.points.emplace_back();
    point.name = name;
    point.bitrate = 264'000;
    point.state = AirState::OnAir;
    point.history = {{5s, 0, 0}, {0s, 264'000, 1}};
  }
  return snapshot;
}

constexpr Clock::time_point kStart{1000s};

TEST(EventStream, IsDueOnceASecondAndOnlyWhileSomebodyListens) {
  EventStream stream;
  EXPECT_FALSE(stream.is_due(kStart));
  Listener listener;
  stream.add(listener, "");
  EXPECT_TRUE(stream.is_due(kStart));
  stream.send(two_points(), false, kStart);
  EXPECT_FALSE(stream.is_due(kStart + 999ms));
  EXPECT_TRUE(stream.is_due(kStart + 1s));
  stream.remove(listener);
  EXPECT_FALSE(stream.is_due(kStart + 2s));
}

TEST(EventStream, SaysWhatThePageShowsOfAllPointsOrOfOne) {
  EventStream stream;
  Listener all;
  Listener one;
  Listener lost;
  stream.add(all, "");
  stream.add(one, "/two <b>");
  stream.add(lost, "/gone");
  stream.send(two_points(), true, kStart);
  ASSERT_THAT(all.heard, SizeIs(1));
  EXPECT_THAT(
      all.heard[0],
      AllOf(StartsWith("data: {\"server\": {"), HasSubstr("\"path\": \"/one\""),
            HasSubstr("\"path\": \"/two%20%3Cb%3E\""), HasSubstr("\"bitrate\": 264000"),
            HasSubstr("\"bitrate\": \"264 kbit/s\""), HasSubstr("\"state\": \"on-air\""),
            HasSubstr("\"lines\": {\"bitrate\": \"M595 98L600 3\""), testing::EndsWith("}\n\n")));
  EXPECT_THAT(one.heard[0], AllOf(HasSubstr("/two"), Not(HasSubstr("/one"))));
  EXPECT_THAT(lost.heard[0], HasSubstr("\"points\": []"));
  stream.send(two_points(), false, kStart + 1s);
  EXPECT_THAT(all.heard[1], AllOf(Not(HasSubstr("lines")), Not(HasSubstr("description"))))
      << "without a history there is nothing to say of it";
}

TEST(EventStream, WhoDoesNotReadGetsNoMoreAndIsDropped) {
  EventStream stream;
  Listener stuck;
  Listener well;
  stuck.takes_nothing = true;
  stream.add(stuck, "");
  stream.add(well, "");
  for (int i = 0; i < EventStream::kMostMissed; ++i) {
    EXPECT_TRUE(stuck.open);
    stream.send(two_points(), false, kStart + std::chrono::seconds(i));
  }
  stream.send(two_points(), false, kStart + std::chrono::seconds(EventStream::kMostMissed));
  EXPECT_FALSE(stuck.open);
  EXPECT_THAT(stuck.heard, SizeIs(1));
  EXPECT_THAT(well.heard, SizeIs(EventStream::kMostMissed + 1));
  EXPECT_EQ(stream.size(), 1u);
}

TEST(EventStream, WhereEventsAreLargeTheyComeLessOften) {
  EventStream stream;
  Listener listener;
  stream.add(listener, "");
  Snapshot snapshot;
  snapshot.points.resize(10'000);
  stream.send(snapshot, false, kStart);
  const std::size_t size = listener.heard.at(0).size();
  ASSERT_GT(size, std::size_t{5} << 20);
  EXPECT_FALSE(stream.is_due(kStart + 1s));
  EXPECT_TRUE(stream.is_due(kStart + std::chrono::seconds(size >> 20)));
}

TEST(EventStream, WhoHasGoneIsForgotten) {
  EventStream stream;
  auto listener = std::make_unique<Listener>();
  stream.add(*listener, "");
  listener.reset();
  EXPECT_EQ(stream.size(), 0u);
  stream.send(two_points(), false, kStart);
}

}  // namespace
}  // namespace wmpush::pubpoint
