// A publishing point among those who take as much as they can: what must hold for everybody else,
// and what is the most that anyone gets.
#include <gmock/gmock.h>
#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "conformance/test_server.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Limit;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

using Clients = std::vector<std::unique_ptr<RawClient>>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsOurs = false;
#else
constexpr bool kMemoryIsOurs = true;
#endif

/// How long an answer may take while somebody else keeps the server busy: much longer than it does,
/// so that the machine may be busy, too.
constexpr std::chrono::seconds kPatience{3};

/// Bytes that the process has allocated.
std::size_t memory_in_use() {
  const auto heap = mallinfo2();
  return heap.uordblks + heap.hblkhd;
}

/// A PushSetup that makes `path` from "/live".
std::string setup_from_template(const std::string& path) {
  return RequestText::setup(path).body("Template-URL: \"/live\"\r\nAutoDestroy: 0\r\n").text();
}

std::string play(const std::string& path = "/live") {
  return "GET " + path +
         " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: NSPlayer/9.0\r\n"
         "Pragma: no-cache,xPlayStrm=1,stream-switch-count=1,stream-switch-entry=ffff:1:0\r\n\r\n";
}
std::string plain(const std::string& path = "/live") {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: Lavf/59\r\n\r\n";
}
std::string keep_alive() {
  return "POST /live HTTP/1.1\r\nHost: localhost\r\nUser-Agent: NSPlayer/9.0\r\n"
         "Pragma: xKeepAliveInPause=1\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n";
}

class Attack : public ServerTest {
 protected:
  void SetUp() override {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }

  Clients connect_all(std::size_t count) {
    Clients clients;
    const auto before = server->connections();
    for (std::size_t i = 0; i < count; ++i) clients.push_back(connect());
    EXPECT_TRUE(server->wait_for([&] { return server->connections() >= before + count; }));
    return clients;
  }

  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    server->check_timers();
  }

  /// A push that runs, and what shows that it does.
  void begin_push() {
    pusher = connect();
    push_id = push(*pusher, h_frame() + d_frame());
    ASSERT_TRUE(packets_reach(push_id, 1));
    pushed = 1;
  }
  void expect_push_goes_on() {
    ASSERT_TRUE(pusher->send(d_frame()));
    EXPECT_TRUE(server->wait_for([&] { return session(push_id).packets > pushed; }, kPatience));
    ++pushed;
  }
  /// Another client sets up a session, or is told that it may not.
  int probe(const std::string& path = "/other", const std::string& address = "127.0.0.1") {
    const auto start = std::chrono::steady_clock::now();
    RawClient client(server->port(), address);
    client.send(RequestText::setup(path).text());
    const int status = status_of(client.read_response());
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took, kPatience);
    longest_wait = std::max(longest_wait, took);
    return status;
  }
  std::uint64_t met(Limit limit) const { return server->limits_met()[limit]; }
  std::size_t sessions_running() const {
    const auto sessions = server->sessions();
    return static_cast<std::size_t>(
        std::ranges::count_if(sessions, [](const auto& each) { return each.running; }));
  }

  void TearDown() override {
    using Milliseconds = std::chrono::duration<double, std::milli>;
    if (longest_wait.count() > 0)
      std::printf("the longest wait of a probe: %.1f ms\n", Milliseconds(longest_wait).count());
  }

  std::chrono::steady_clock::duration longest_wait{0};
  std::unique_ptr<RawClient> pusher;
  std::string push_id;
  std::uint64_t pushed = 0;
};

/// One connection that asks and asks, in a thread of its own, and never waits for an answer.
class Hog {
 public:
  Hog(std::uint16_t port, const std::string& request, int count)
      : client_(port), sender_([this, request, count] {
          std::string many;
          for (int i = 0; i < 100; ++i) many += request;
          for (int i = 0; i < count / 100 && client_.send(many); ++i) {
          }
          client_.half_close();
        }) {}
  ~Hog() { sender_.join(); }
  /// All answers.
  std::string answers() { return client_.read_to_end(); }

 private:
  RawClient client_;
  std::thread sender_;
};

TEST_F(Attack, APushAndAProbeGoOnBesideAConnectionThatSetsUpSessionAfterSession) {
  settings.address = "::";
  settings.points = {"/live", "/other"};
  serve();
  begin_push();
  constexpr std::size_t kRequests = 50'000;
  Hog hog(server->port(), setup_from_template("/hog"), kRequests);
  std::string answers;
  std::thread reader([&] { answers = hog.answers(); });
  // More of either address than may be set up and not begin: whoever comes and goes takes no place.
  const std::size_t probes = settings.limits.address_unstarted + 20;
  for (std::size_t i = 0; i < probes; ++i) {
    EXPECT_EQ(probe("/other", "::1"), 204);
    EXPECT_EQ(probe("/other"), 204) << "from the address of the hog";
    if (i % 10 == 0) expect_push_goes_on();
  }
  reader.join();
  EXPECT_THAT(answers, Not(HasSubstr("HTTP/1.1 503")));
  EXPECT_EQ(server->requests(), kRequests + 2 + 2 * probes) << "the hog was not cut off";
  EXPECT_LE(sessions_running(), 2 * settings.limits.address_unstarted + 1) << "with ours";
  EXPECT_GT(met(Limit::ConnectionUnstarted), kRequests / 2);
  EXPECT_GE(met(Limit::AddressUnstarted), 2 * 20u);
  expect_push_goes_on();
}

TEST_F(Attack, AGreedyConnectionMakesRoomForOthersOfItsAddress) {
  serve();
  constexpr std::size_t kOfAConnection = 16;
  Clients greedy = connect_all(settings.limits.address_unstarted / kOfAConnection);
  const auto set_up_all = [&] {
    for (const auto& client : greedy)
      for (std::size_t i = 0; i < kOfAConnection; ++i) set_up(*client);
  };
  set_up_all();
  EXPECT_EQ(sessions_running(), settings.limits.address_unstarted);
  auto neighbour = connect();
  const std::string id = set_up(*neighbour);
  set_up_all();
  EXPECT_EQ(sessions_running(), settings.limits.address_unstarted);
  neighbour->send(RequestText::start(id).text() + h_frame() + d_frame());
  EXPECT_TRUE(packets_reach(id, 1)) << "they took no place but their own";
}

TEST_F(Attack, ASessionThatIsSetUpAgainAndAgainTakesOnePlace) {
  serve();
  auto client = connect();
  const std::string id = set_up(*client);
  for (int i = 0; i < 40; ++i) {
    client->send(RequestText::setup("/live", id).text());
    EXPECT_EQ(push_id_of(client->read_response()), id);
  }
  client->send(RequestText::start(id).text() + h_frame() + d_frame());
  EXPECT_TRUE(packets_reach(id, 1));
  EXPECT_EQ(met(Limit::ConnectionUnstarted), 0u);
}

TEST_F(Attack, APushAndAProbeGoOnBesideAConnectionThatMaySetUpAsManyAsItLikes) {
  settings.points = {"/live", "/other"};
  settings.limits.address_unstarted = 100'000;
  settings.limits.unstarted = 100'000;
  serve();
  begin_push();
  Hog hog(server->port(), setup_from_template("/hog"), 20'000);
  std::thread reader([&] { hog.answers(); });
  for (int i = 0; i < 20; ++i) {
    expect_push_goes_on();
    EXPECT_EQ(probe(), 204);
  }
  reader.join();
  expect_push_goes_on();
}

TEST_F(Attack, APushAndAProbeGoOnBesideAConnectionThatAsksAsAPlayer) {
  settings.points = {"/live", "/other"};
  serve();
  begin_push();
  Hog hog(server->port(), keep_alive(), 20'000);
  std::string answers;
  std::thread reader([&] { answers = hog.answers(); });
  for (int i = 0; i < 20; ++i) {
    expect_push_goes_on();
    EXPECT_EQ(probe(), 204);
  }
  reader.join();
  EXPECT_EQ(server->requests(), 20'000u + 2 + 20);
}

TEST_F(Attack, ARequestThatComesByteByByteIsEndedByTheTimeOfAHead) {
  serve();
  Clients drips = connect_all(500);
  const std::string request = RequestText::setup().text();
  constexpr std::chrono::milliseconds kStep{500};
  std::chrono::milliseconds passed{0};
  // Until well before the limit nobody is sent away.
  std::size_t at = 0;
  for (; passed + 2 * kStep < settings.limits.head_time; ++at, passed += kStep) {
    for (const auto& drip : drips) EXPECT_TRUE(drip->send(request.substr(at, 1)));
    pass(kStep);
  }
  EXPECT_TRUE(drips.front()->silent_for(1ms));
  EXPECT_TRUE(drips.back()->silent_for(1ms));
  // The server may have seen the first bytes late, not much later though.
  for (const auto& drip : drips) {
    while (drip->silent_for(0ms) && passed < 2 * settings.limits.head_time) {
      for (const auto& each : drips) each->send(request.substr(at, 1));
      pass(kStep);
      ++at, passed += kStep;
    }
    const std::string response = drip->read_response();
    EXPECT_EQ(status_of(response), 408);
    drip->read_to_end();
    EXPECT_NE(drip->ending(), RawClient::Ending::None);
  }
  EXPECT_LT(passed, 2 * settings.limits.head_time);
  EXPECT_EQ(met(Limit::HeadTime), drips.size());
  EXPECT_EQ(probe("/live"), 204);
}

TEST_F(Attack, ABodyThatComesByteByByteIsEndedByTheTimeOfAHead) {
  serve();
  Clients drips = connect_all(50);
  const std::string head = RequestText::setup().set("Content-Length", "400").text();
  for (const auto& drip : drips) drip->send(head);
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == drips.size(); }));
  server->check_timers();  // the server's thread is through with the last one
  for (int i = 0; i < 9; ++i) {
    for (const auto& drip : drips) EXPECT_TRUE(drip->send("x"));
    pass(1s);
  }
  EXPECT_TRUE(drips.front()->silent_for(1ms));
  pass(1s);
  for (const auto& drip : drips) EXPECT_EQ(status_of(drip->read_response()), 408);
  EXPECT_EQ(met(Limit::HeadTime), drips.size());
}

TEST_F(Attack, ConnectionsThatSayNothingAreClosedAndTakeLittleMemory) {
  settings.limits.address_connections = 2000;
  serve();
  probe("/live");
  const std::size_t before = memory_in_use();
  Clients idle = connect_all(1000);
  const std::size_t each = (memory_in_use() - before) / idle.size();
  RecordProperty("bytes", static_cast<int>(each));
  if (kMemoryIsOurs) {
    EXPECT_LT(each, 20u << 10);
  }
  pass(3 * settings.limits.head_time - 1ms);
  EXPECT_TRUE(idle.front()->silent_for(1ms));
  EXPECT_TRUE(idle.back()->silent_for(1ms));
  EXPECT_EQ(probe("/live"), 204);
  pass(1ms);
  for (const auto& client : idle) {
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  }
}

TEST_F(Attack, AViewerThatWaitsAndGoesLeavesNothingBehind) {
  serve();
  const auto come_and_go = [&](int times) {
    for (int i = 0; i < times; ++i) {
      auto viewer = connect();
      viewer->send(plain());
      viewer->half_close();
      viewer->read_to_end();
    }
  };
  const auto tidy_up = [&] {
    server->check_timers();  // closed connections are forgotten,
    server->check_timers();  // and who waited on them
  };
  come_and_go(500);
  tidy_up();
  const std::size_t before = memory_in_use();
  come_and_go(5000);
  tidy_up();
  const std::size_t after = memory_in_use();
  if (kMemoryIsOurs) {
    EXPECT_LT(after, before + (std::size_t{1} << 20));
  }
}

TEST_F(Attack, ConnectionsOfOneAddressHaveALimitAndOtherAddressesAreNotInvolved) {
  settings.address = "::";
  settings.limits.address_connections = 20;
  serve();
  Clients clients = connect_all(20);
  auto one_more = connect();
  EXPECT_EQ(status_of(one_more->read_response()), 503);
  EXPECT_EQ(probe("/live", "::1"), 204);
  EXPECT_EQ(met(Limit::AddressConnections), 1u);
  one_more->read_to_end();
  EXPECT_NE(one_more->ending(), RawClient::Ending::None);
  clients.front()->reset();
  // The place is free as soon as the server has seen that.
  EXPECT_TRUE(server->wait_for([&] {
    auto next = connect();
    next->send(RequestText::setup().text());
    return status_of(next->read_response()) == 204;
  }));
}

TEST_F(Attack, ConnectionsAltogetherHaveALimit) {
  settings.limits.connections = 20;
  serve();
  const Clients clients = connect_all(20);
  EXPECT_EQ(status_of(connect()->read_response()), 503);
  EXPECT_EQ(met(Limit::Connections), 1u);
}

TEST_F(Attack, PointsFromATemplateHaveALimitInNumberInNameAndInTime) {
  settings.limits.points = 50;
  settings.limits.address_unstarted = 1000;
  serve();
  auto client = connect();
  const auto make = [&](const std::string& path) {
    client = connect();  // one of them has few sessions that do not begin
    client->send(setup_from_template(path));
    return status_of(client->read_response());
  };
  const std::string longest = "/" + std::string(settings.limits.point_name - 1, 'n');
  EXPECT_EQ(make(longest + "n"), 403);
  EXPECT_EQ(make(longest), 204);
  for (std::size_t i = 1; i < settings.limits.points; ++i)
    EXPECT_EQ(make("/made" + std::to_string(i)), 204);
  EXPECT_EQ(make("/made"), 503);
  EXPECT_EQ(make("/made1"), 204) << "it is there";
  EXPECT_EQ(met(Limit::PointName), 1u);
  EXPECT_EQ(met(Limit::Points), 1u);
  EXPECT_EQ(server->points().size(), settings.limits.points + 1);
  pass(settings.inactivity_timeout);  // the sessions
  pass(settings.limits.point_time - 1ms);
  EXPECT_EQ(server->points().size(), settings.limits.points + 1);
  pass(1ms);
  EXPECT_THAT(server->points(), testing::ElementsAre("/live"));
  client = connect();
  EXPECT_EQ(make("/made"), 204);
}

TEST_F(Attack, SessionsThatDoNotBeginHaveALimitForEachAddressAndGo) {
  settings.address = "::";
  serve();
  Clients clients = connect_all(settings.limits.address_unstarted);
  for (const auto& client : clients) set_up(*client);
  EXPECT_EQ(status_for(RequestText::setup()), 503);
  EXPECT_EQ(met(Limit::AddressUnstarted), 1u);
  EXPECT_EQ(probe("/live", "::1"), 204);
  EXPECT_EQ(sessions_running(), settings.limits.address_unstarted + 1);
  clients.front()->reset();
  // The place is free as soon as the server has seen that.
  EXPECT_TRUE(server->wait_for([&] { return status_for(RequestText::setup()) == 204; }));
  EXPECT_EQ(sessions_running(), settings.limits.address_unstarted + 1);
  pass(settings.inactivity_timeout);
  EXPECT_EQ(sessions_running(), 0u);
  EXPECT_EQ(status_for(RequestText::setup()), 204);
}

TEST_F(Attack, SessionsThatDoNotBeginHaveALimitAltogether) {
  settings.limits.unstarted = 3;
  serve();
  const Clients clients = connect_all(3);
  for (const auto& client : clients) set_up(*client);
  EXPECT_EQ(status_for(RequestText::setup()), 503);
  EXPECT_EQ(met(Limit::Unstarted), 1u);
}

TEST_F(Attack, ASessionThatBeginsOneEntryAfterTheOtherIsEnded) {
  serve();
  auto client = connect();
  const std::string next = end_frame(1) + c_frame() + d_frame();
  std::string body = h_frame() + d_frame();
  for (std::size_t i = 1; i < settings.limits.entries_per_minute; ++i) body += next;
  const std::string id = push(*client, body);
  ASSERT_TRUE(packets_reach(id, settings.limits.entries_per_minute));
  clock.advance(60s);
  client->send(body.substr(h_frame().size() + d_frame().size()));  // another minute, others again
  ASSERT_TRUE(packets_reach(id, 2 * settings.limits.entries_per_minute - 1));
  client->send(next + next);
  EXPECT_EQ(status_of(client->read_response()), 503);
  EXPECT_EQ(met(Limit::EntriesPerMinute), 1u);
  EXPECT_LE(session(id).entries, 2 * settings.limits.entries_per_minute);
  EXPECT_FALSE(session(id).running);
  EXPECT_EQ(probe("/live"), 204);
}

TEST_F(Attack, WrongPasswordsWaitAndOthersDoNot) {
  settings.address = "::";
  settings.authentication.user = "ali";
  settings.authentication.password = "Sesam";
  settings.access.throttle.first = 10s;  // longer than this test
  settings.access.throttle.longest = 10s;
  serve();
  const std::string right = RequestText::setup().add("Authorization", "Basic YWxpOlNlc2Ft").text();
  const std::string wrong = RequestText::setup().add("Authorization", "Basic YWxpOnNlc2Ft").text();
  pusher = connect();
  pusher->send(right);
  push_id = push_id_of(pusher->read_response());
  pusher->send(RequestText::start(push_id).add("Authorization", "Basic YWxpOlNlc2Ft").text() +
               h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(push_id, 1));
  pushed = 1;
  EXPECT_EQ(status_for(wrong), 401);
  Clients guessers = connect_all(200);
  for (const auto& guesser : guessers)
    for (int i = 0; i < 50; ++i) guesser->send(wrong);
  expect_push_goes_on();
  // Each got as far as its first wrong one, and waits.
  ASSERT_TRUE(server->wait_for([&] { return server->attempts().size() >= 3 + 200; }));
  expect_push_goes_on();
  EXPECT_LE(server->attempts().size(), 3u + 200);
  EXPECT_EQ(met(Limit::WrongPasswords), 200u);
  EXPECT_TRUE(guessers.back()->silent_for(1ms));
  EXPECT_EQ(status_for(RequestText::setup("/nowhere").add("Authorization", "Basic YWxpOlNlc2Ft")),
            404)
      << "who knows the password need not wait";
}

TEST_F(Attack, ReportsOfShortSessionsAreBoundedWhateverTheOldestDoes) {
  settings.points = {"/live", "/other"};
  serve();
  begin_push();
  constexpr int kSessions = 12'000;
  const std::string body = h_frame() + end_frame();
  for (int i = 0; i < kSessions; ++i) {
    auto client = connect();
    const std::string id = push(*client, body, "/other");
    client->read_to_end();
    if (i % 1000 == 0) expect_push_goes_on();
  }
  const auto sessions = server->sessions();
  EXPECT_EQ(sessions.size(), settings.limits.reports + 1);
  EXPECT_EQ(met(Limit::Reports), kSessions - settings.limits.reports);
  EXPECT_EQ(sessions.front().push_id, push_id) << "it still runs";
  expect_push_goes_on();
}

/// What mutations are made of.
class Mutator {
 public:
  std::string operator()(std::string text) {
    for (std::size_t i = 1 + pick(4); i > 0 && !text.empty(); --i) {
      const std::size_t at = pick(text.size());
      switch (pick(6)) {
        case 0:
          text[at] = static_cast<char>(pick(256));
          break;
        case 1:
          text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
          break;
        case 2:
          text.erase(at, 1 + pick(40));
          break;
        case 3:
          text.insert(at, text.substr(pick(text.size()), 1 + pick(200)));
          break;
        case 4:
          text.insert(at, kWords[pick(kWords.size())]);
          break;
        default:
          text.resize(at);
          break;
      }
    }
    return text;
  }
  std::size_t pick(std::size_t below) { return random_() % below; }

 private:
  const std::vector<std::string> kWords{"\r\n",
                                        "\r\n\r\n",
                                        ":",
                                        "18446744073709551616",
                                        "-1",
                                        "0",
                                        "%00",
                                        "$H",
                                        "$D\xff\xff",
                                        "$E",
                                        std::string(1, '\0'),
                                        "Content-Length: 9\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "HTTP/1.0",
                                        "push-id=",
                                        "stream-switch-entry=ffff:ffff:2",
                                        "client-id=1",
                                        "\xff\xff\xff\xff"};
  std::mt19937 random_{20261126};  // NOLINT(cert-msc51-cpp): the same ones each time
};

TEST_F(Attack, MutatedConversationsLeaveAServerThatAnswers) {
  habits.send_push_id = false;  // a PushStart finds its session by its connection
  settings.takeover = pubpoint::Takeover::Newer;
  settings.wait_for_push = 0ms;
  settings.viewer_threads = 2;
  serve();
  const auto push_by_connection = [&] {
    pusher = connect();
    pusher->send(RequestText::setup().text() + RequestText::start("0").text() + h_frame() +
                 d_frame());
    EXPECT_TRUE(server->wait_for([&] {
      const auto sessions = server->sessions();
      return !sessions.empty() && sessions.back().running && sessions.back().packets == 1;
    }));
  };
  push_by_connection();
  const std::vector<std::string> conversations{
      RequestText::setup().text() + RequestText::start("0").text() + h_frame() + d_frame() +
          end_frame(1) + c_frame() + d_frame() + end_frame(),
      setup_from_template("/made") + RequestText::start("0", 2147483647, "/made").text() +
          h_frame() + d_frame() + end_frame(),
      RequestText::setup().text() + RequestText::start("0", 300).text() + h_frame() + d_frame(),
      play(),
      plain(),
      plain("/live.asx") + plain("/live.m3u"),
      keep_alive() + keep_alive() + play(),
  };
  Mutator mutate;
  // A million are worth it now and then, under the sanitizers: WMPUSH_MUTATIONS=1000000.
  const char* const wanted = std::getenv("WMPUSH_MUTATIONS");
  const std::uint64_t conversations_wanted = wanted == nullptr ? 4000 : std::stoull(wanted);
  for (std::uint64_t i = 0; i < conversations_wanted; ++i) {
    auto client = connect();
    client->send(mutate(conversations[mutate.pick(conversations.size())]));
    client->half_close();
    client->read_to_end();  // all of it has been read then
    if (i % 500 == 0) {
      EXPECT_THAT(probe("/live"), AnyOf(204, 503));
    }
  }
  EXPECT_TRUE(server->wait_for([&] { return server->connections() >= conversations_wanted; }));
  pass(settings.inactivity_timeout);
  pass(settings.inactivity_timeout);
  EXPECT_LE(sessions_running(), 1u);
  push_by_connection();
  auto viewer = connect();
  viewer->send(play());
  EXPECT_EQ(status_of(viewer->read_response()), 200);
}

}  // namespace
}  // namespace wmpush::test
