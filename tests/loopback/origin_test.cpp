// An edge: a publishing point that shows what another server shows, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/raw_client.hpp"
#include "support/raw_server.hpp"
#include "support/server_log.hpp"
#include "support/soon.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class OriginTest : public testing::Test {
 protected:
  Settings of(const std::string& url) {
    Settings settings;
    settings.origins = {
        {.point = "/live", .url = url, .first_delay = 10ms, .longest_delay = 50ms, .linger = 0ms}};
    server_log.keep(settings);
    return settings;
  }
  static std::string url_of(std::uint16_t port, const std::string& target = "/live") {
    return "http://127.0.0.1:" + std::to_string(port) + target;
  }
  std::string log() const { return server_log.text(); }
  /// Looks at the timers of `server` meanwhile, as it does each second.
  template <typename Condition>
  static bool soon(Server& server, Condition condition) {
    return test::soon([&] {
      if (condition()) return true;
      server.check_timers();
      return false;
    });
  }
  static std::unique_ptr<RawClient> watch(const Server& server, const std::string& more = "") {
    auto viewer = std::make_unique<RawClient>(server.port());
    viewer->send("GET /live" + more + " HTTP/1.1\r\nHost: x\r\nUser-Agent: player\r\n\r\n");
    return viewer;
  }
  static void begin(PushSink& sink, const Server& server) {
    ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
    ASSERT_EQ(sink.OnHeader(make_header({})), Result::S_OK);
  }
  static std::string status(const Server& server) {
    RawClient client(server.port());
    client.send("GET /status.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return client.read_to_end();
  }

  ServerLog server_log;
};

TEST_F(OriginTest, AnEdgePullsOnceAndShowsTheSameToAll) {
  Server origin({});
  Server edge(of(url_of(origin.port(), "/live?token=t")));
  const auto there = watch(origin);
  const auto first = watch(edge);
  const auto second = watch(edge);
  ASSERT_TRUE(soon(edge, [&] { return origin.requests() == 2; })) << "it waits for a push, too";
  PushSink sink;
  ASSERT_EQ(sink.Connect(origin.url()), Result::S_OK);
  const std::string film = clip();
  const std::size_t half = film.size() / 2;
  ASSERT_EQ(sink.write(as_bytes(film).first(half)), Result::S_OK);
  ASSERT_TRUE(soon(edge, [&] { return edge.viewers().size() == 2; }));
  EXPECT_EQ(origin.viewers().size(), 2u) << "ours, and the edge";
  const auto pull = origin.viewers().back();
  EXPECT_TRUE(pull->framed);
  EXPECT_THAT(pull->user_agent, StartsWith("NSServer/9"));
  EXPECT_THAT(pull->request, HasSubstr("GET /live?token=t "));
  EXPECT_THAT(status(edge), AllOf(HasSubstr("\"origin\": {\"url\": \"" + url_of(origin.port()) +
                                            "\", \"streaming\": true, \"pulls\": 1}"),
                                  Not(HasSubstr("token"))));
  ASSERT_EQ(sink.write(as_bytes(film).subspan(half)), Result::S_OK);
  ASSERT_EQ(sink.EndSession(), Result::S_OK);
  const auto body = [](RawClient& viewer) {
    const std::string all = viewer.read_to_end();
    return all.substr(std::min(all.find("\r\n\r\n"), all.size()));
  };
  const std::string wanted = body(*there);
  EXPECT_GT(wanted.size(), film.size() / 2);
  EXPECT_TRUE(body(*first) == wanted);
  EXPECT_TRUE(body(*second) == wanted);
}

TEST_F(OriginTest, ItPullsOnlyWhileSomebodyWatches) {
  Server origin({});
  Server edge(of(url_of(origin.port())));
  PushSink sink;
  begin(sink, origin);
  ASSERT_EQ(sink.OnDataUnit(plain_packet()), Result::S_OK);
  ASSERT_TRUE(origin.wait_for(
      [&] { return !origin.sessions().empty() && origin.sessions().back().packets == 1; }));
  edge.check_timers();
  EXPECT_EQ(origin.requests(), 2u) << "those of the push";
  for (int round = 0; round < 2; ++round) {
    auto viewer = watch(edge);
    EXPECT_THAT(viewer->read_response(), HasSubstr(" 200 OK"));
    ASSERT_TRUE(soon(edge, [&] { return origin.viewers().size() == 1; }));
    viewer.reset();
    ASSERT_TRUE(soon(edge, [&] {
      static_cast<void>(sink.OnDataUnit(plain_packet()));
      return origin.viewers().empty();
    }));
  }
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
}

TEST_F(OriginTest, ViewersGoOnWhenTheOriginIsStartedAgain) {
  Settings settings;
  settings.takeover = pubpoint::Takeover::Newer;
  auto origin = std::make_unique<Server>(settings);
  settings.port = origin->port();
  auto at_edge = of(url_of(origin->port()));
  Server edge(at_edge);
  PushSink before;
  begin(before, *origin);
  auto viewer = watch(edge);
  EXPECT_THAT(viewer->read_response(), HasSubstr(" 200 OK"));
  origin.reset();
  origin = std::make_unique<Server>(settings);
  PushSink after;
  begin(after, *origin);
  ASSERT_TRUE(soon(edge, [&] { return origin->viewers().size() == 1; }));
  const auto bytes = [&] {
    const auto viewers = edge.viewers();
    return viewers.empty() ? std::uint64_t{0} : viewers.front()->bytes.load();
  };
  const std::uint64_t so_far = bytes();
  EXPECT_TRUE(soon(edge, [&] {
    static_cast<void>(after.OnDataUnit(plain_packet()));
    return bytes() > so_far;
  })) << log();
  EXPECT_EQ(edge.viewers().size(), 1u) << log();
  EXPECT_EQ(after.EndSession(), Result::S_OK);
  EXPECT_TRUE(soon(edge, [&] { return edge.viewers().empty(); })) << "the end is one";
}

TEST_F(OriginTest, SaysWhatIsWrongWithAnOriginAndTriesAgain) {
  const std::string ok = "HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\n";
  const std::vector<std::pair<std::string, std::string>> answers{
      {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "it answered with status 404"},
      {"220 ready\r\n\r\n", "it did not answer: "},
      {ok + "<html>", "it sent something else than a stream of MMS over HTTP"},
      {ok, "it sent no header"},
      {ok + std::string("$H\x0c\0\0\0\0\0\0\x0c\x0c\0junk", 16), "it sent no ASF header: "},
      {ok + std::string("$X\0\0", 4), "it sent a frame of no kind that is known"}};
  for (const auto& [answer, fault] : answers) {
    const std::string why = fault;
    std::atomic<int> asked = 0;
    RawServer origin([&, text = answer](RawServer::Connection& connection) {
      const std::string head = connection.read_head();
      if (head.empty()) return;  // the edge has stopped
      EXPECT_THAT(head, StartsWith("GET /live HTTP/1.0\r\n")) << "no chunks";
      ++asked;
      connection.send(text);
    });
    auto settings = of(url_of(origin.port()));
    settings.wait_for_push = 100ms;
    Server edge(settings);
    const auto viewer = watch(edge);
    EXPECT_TRUE(soon(edge, [&] { return asked > 1 || log().find(why) != std::string::npos; }));
    EXPECT_TRUE(soon(edge, [&] { return log().find("the origin of /live: " + why) != log().npos; }))
        << log();
    EXPECT_THAT(viewer->read_response(), HasSubstr(" 503 "));
  }
}

TEST_F(OriginTest, NobodyPushesToAnEdge) {
  Server edge(of(url_of(1)));
  PushSink sink;
  EXPECT_NE(sink.Connect(edge.url()), Result::S_OK);
  EXPECT_THAT(sink.last_error().message, HasSubstr("409"));
  EXPECT_THAT(log(), HasSubstr("the publishing point \"/live\" shows what its origin has"));
}

TEST_F(OriginTest, AServerThatStopsLeavesItsOriginAlone) {
  Server origin({});
  RawServer silent([](RawServer::Connection& connection) { connection.read_some(); });
  PushSink sink;
  begin(sink, origin);
  for (const std::uint16_t port : {origin.port(), silent.port()}) {
    auto edge = std::make_unique<Server>(of(url_of(port)));
    const auto viewer = watch(*edge);
    ASSERT_TRUE(edge->wait_for([&] { return edge->requests() == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    edge.reset();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s);
  }
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
}

}  // namespace
}  // namespace wmpush::test
