#include "pubpoint/web/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "pubpoint/access/ip_address.hpp"

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
  bool confirms_nothing = false;
  bool open = true;
  std::string name;

  const std::string& address() const override { return name; }
  const std::string& peer() const override { return name; }
  bool secure() const override { return false; }
  bool is_open() const override { return open; }
  std::shared_ptr<void> keep() override { return alive_; }
  void answer(int, Fields) override {}
  void say(std::string response) override { heard.push_back(std::move(response)); }
  bool is_sending() const override { return takes_nothing && !heard.empty(); }
  std::size_t unconfirmed() override { return confirms_nothing && !heard.empty() ? 1 : 0; }
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

const Snapshot two = two_points();
constexpr Clock::time_point kStart{1000s};
const EventStream::Subject kAll{.points = {.page = 1}};

/// The event of a snapshot, whatever it is to be about.
auto always(const Snapshot& snapshot, bool with_history = false) {
  return [&snapshot, with_history](const EventStream::Subject&) {
    return event_json(snapshot, with_history);
  };
}

TEST(EventStream, IsDueOnceASecondAndOnlyWhileSomebodyListens) {
  EventStream stream;
  EXPECT_FALSE(stream.is_due(kStart));
  Listener listener;
  stream.add(listener, kAll);
  EXPECT_TRUE(stream.is_due(kStart));
  stream.send(always(two), kStart);
  EXPECT_FALSE(stream.is_due(kStart + 999ms));
  EXPECT_TRUE(stream.is_due(kStart + 1s));
  stream.remove(listener);
  EXPECT_FALSE(stream.is_due(kStart + 2s));
}

TEST(EventStream, SaysWhatThePageShows) {
  const std::string all = event_json(two_points(), true);
  EXPECT_THAT(all,
              AllOf(StartsWith("{\"server\": {"), HasSubstr("\"path\": \"/one\""),
                    HasSubstr("\"path\": \"/two%20%3Cb%3E\""), HasSubstr("\"bitrate\": 264000"),
                    HasSubstr("\"bitrate\": \"264 kbit/s\""), HasSubstr("\"state\": \"on-air\""),
                    HasSubstr("\"lines\": {\"bitrate\": \"M595 98L600 3\""), testing::EndsWith("}"),
                    Not(HasSubstr("tables"))));
  EXPECT_THAT(event_json(two_points(), false),
              AllOf(Not(HasSubstr("lines")), Not(HasSubstr("description"))))
      << "without a history there is nothing to say of it";
}

TEST(EventStream, TheTablesOfAPointAreForThoseWhoMaySeeThem) {
  Snapshot snapshot = two_points();
  snapshot.is_of_one = true;
  snapshot.points.pop_back();
  snapshot.points[0].relays = {{.url = "http://next/live", .streaming = true, .packets_sent = 7}};
  PointClients clients;
  clients.viewers = {{1, "192.0.2.2:81", "<b>", true, 70s, 1'500'000, 2048, 2}};
  const std::string hidden = event_json(snapshot, false);
  EXPECT_THAT(hidden,
              AllOf(HasSubstr("\"relays\": {\"rows\": [[\"http://next/live\", \"streaming\""),
                    Not(HasSubstr("192.0.2.2"))));
  EXPECT_THAT(event_json(snapshot, false, &clients),
              HasSubstr("\"viewers\": {\"rows\": [[\"192.0.2.2:81\", \"<b>\", \"mmsh\", \"1 min 10 "
                        "s\", \"1.50 MB\", \"2.05 kB\", \"2\"]], \"more\": \"\"}"));
}

TEST(EventStream, AnEventIsMadeOnceForAllWhoHearOfTheSame) {
  EventStream stream;
  std::array<Listener, 5> listeners;
  stream.add(listeners[0], kAll);
  stream.add(listeners[1], kAll);
  stream.add(listeners[2], {.points = {.page = 2}});
  stream.add(listeners[3], {.points = {.only = "/one"}});
  stream.add(listeners[4], {.points = {.only = "/one"}, .with_clients = true});
  int made = 0;
  stream.send(
      [&](const EventStream::Subject& subject) {
        ++made;
        return subject.points.only + std::to_string(subject.points.page) +
               (subject.with_clients ? " with clients" : "");
      },
      kStart);
  EXPECT_EQ(made, 4);
  EXPECT_THAT(listeners[0].heard, testing::ElementsAre("data: 1\n\n"));
  EXPECT_EQ(listeners[0].heard, listeners[1].heard);
  EXPECT_THAT(listeners[2].heard, testing::ElementsAre("data: 2\n\n"));
  EXPECT_THAT(listeners[3].heard, testing::ElementsAre("data: /one0\n\n"));
  EXPECT_THAT(listeners[4].heard, testing::ElementsAre("data: /one0 with clients\n\n"));
}

TEST(EventStream, CountsThoseOfAnAddress) {
  EventStream stream;
  Listener one;
  Listener other;
  one.name = "192.0.2.1";
  other.name = "2001:db8::1";
  stream.add(one, kAll);
  stream.add(other, kAll);
  EXPECT_EQ(stream.of(owner_of("192.0.2.1")), 1u);
  EXPECT_EQ(stream.of(owner_of("2001:db8::2")), 1u) << "of the same network";
  EXPECT_EQ(stream.of(owner_of("192.0.2.2")), 0u);
  one.open = false;
  EXPECT_EQ(stream.of(owner_of("192.0.2.1")), 0u);
}

TEST(EventStream, WhoDoesNotReadGetsNoMoreAndIsDropped) {
  EventStream stream;
  Listener stuck;
  Listener silent;
  Listener well;
  stuck.takes_nothing = true;
  silent.confirms_nothing = true;
  for (Listener* listener : {&stuck, &silent, &well}) stream.add(*listener, kAll);
  for (int i = 0; i < EventStream::kMostMissed; ++i) {
    EXPECT_TRUE(stuck.open && silent.open);
    stream.send(always(two), kStart + std::chrono::seconds(i));
  }
  stream.send(always(two), kStart + std::chrono::seconds(EventStream::kMostMissed));
  EXPECT_FALSE(stuck.open || silent.open);
  EXPECT_THAT(stuck.heard, SizeIs(1));
  EXPECT_THAT(silent.heard, SizeIs(1));
  EXPECT_THAT(well.heard, SizeIs(EventStream::kMostMissed + 1));
  EXPECT_EQ(stream.size(), 1u);
}

TEST(EventStream, WhereEventsAreLargeTheyComeLessOften) {
  EventStream stream;
  Listener listener;
  stream.add(listener, kAll);
  Snapshot snapshot;
  snapshot.points.resize(10'000);
  stream.send(always(snapshot), kStart);
  const std::size_t size = listener.heard.at(0).size();
  ASSERT_GT(size, std::size_t{5} << 20);
  EXPECT_FALSE(stream.is_due(kStart + 1s));
  EXPECT_TRUE(stream.is_due(kStart + std::chrono::seconds(size >> 20)));
}

TEST(EventStream, WhoHasGoneIsForgotten) {
  EventStream stream;
  auto listener = std::make_unique<Listener>();
  stream.add(*listener, kAll);
  listener.reset();
  EXPECT_EQ(stream.size(), 0u);
  stream.send(always(two), kStart);
}

}  // namespace
}  // namespace wmpush::pubpoint
