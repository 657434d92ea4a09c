// What the publishing point says to requests, right and wrong: rules S01, S02, S04 and S05.
#include <gmock/gmock.h>

#include <thread>

#include "test_server.hpp"

namespace wmpush::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using wmhttp::FrameId;
using namespace std::chrono_literals;

constexpr const char* kTemplate = "Template-URL: \"/live\"\r\nAutoDestroy: ";

TEST_F(ServerTest, TakesAPushFromSetupToEnd) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + d_frame(60) + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  ASSERT_TRUE(session_ends(id));
  const auto report = session(id);
  EXPECT_TRUE(report.end_of_stream);
  EXPECT_EQ(report.packets, 2u);
  EXPECT_EQ(report.entries, 1u);
  EXPECT_EQ(report.push_starts, 1u);
  EXPECT_EQ(report.bytes, tiny_header().size() + 160);
  EXPECT_EQ(report.user_agent, "WMEncoder/12.0.7601.17514 test/1");
  EXPECT_EQ(report.ended_because, "end of stream, reason 0x00000000");
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(server->requests(), 2u);
  EXPECT_EQ(server->connections(), 1u);
}

TEST_F(ServerTest, TakesAPushOneByteAtATime) {
  serve();
  auto client = connect();
  for (const char byte : RequestText::setup().text()) client->send(std::string_view(&byte, 1));
  const std::string id = push_id_of(client->read_response());
  const std::string rest = RequestText::start(id).text() + h_frame() + d_frame() + end_frame();
  for (const char byte : rest) client->send(std::string_view(&byte, 1));
  client->read_to_end();
  ASSERT_TRUE(session_ends(id));
  EXPECT_EQ(session(id).packets, 1u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, SpeaksIpv6) {
  settings.address = "::1";
  serve();
  RawClient client(server->port(), "::1");
  EXPECT_NE(set_up(client), "");
  EXPECT_EQ(server->url(), "wmpush://[::1]:" + std::to_string(server->port()) + "/live");
  EXPECT_EQ(server->sessions().at(0).peer.substr(0, 6), "[::1]:");
}

TEST_F(ServerTest, SaysWhichAddressItCannotListenOn) {
  serve();
  settings.port = server->port();
  try {
    pubpoint::Server second(settings);
    ADD_FAILURE() << "two servers listen on one port";
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot listen on 127.0.0.1 port " +
                                        std::to_string(server->port()) + ": Address already"));
  }
}

TEST_F(ServerTest, TellsTheProgramOfStartAndEnd) {
  std::atomic<int> starts{0};
  std::atomic<std::uint64_t> packets_at_end{0};
  settings.on_start = [&](const pubpoint::SessionReport& report) { starts += report.receiving; };
  settings.on_end = [&](const pubpoint::SessionReport& report) { packets_at_end = report.packets; };
  serve();
  auto probe = connect();
  set_up(*probe);
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + end_frame());
  client->read_to_end();
  EXPECT_EQ(starts, 1);
  EXPECT_EQ(packets_at_end, 1u);
}

TEST_F(ServerTest, S01_AForeignUserAgentGetsAnErrorAndNoSession) {
  serve();
  EXPECT_EQ(status_for(RequestText::setup().set("User-Agent", "Lavf/59.27.100")), 400);
  EXPECT_EQ(broken(), "S01");
  EXPECT_THAT(server->sessions(), IsEmpty());
}

TEST_F(ServerTest, S02_EveryRuleOfARequestIsAnsweredWith400AndLoggedWithItsId) {
  std::vector<std::string> lines;  // complete once the server has stopped
  settings.log = [&](const std::string& line) { lines.push_back(line); };
  serve();
  const auto setup = [] { return RequestText::setup(); };
  const std::vector<std::pair<std::string, RequestText>> breaches = {
      {"C01", setup().line("POST live HTTP/1.1")},
      {"C02", setup().set("Content-Type", "video/x-ms-asf")},
      {"C03", setup().remove("User-Agent")},
      {"C04", setup().set("Cookie", "$Version=1; push-id=0")},
      {"C05", setup().remove("Content-Length")},
      {"C06", setup().set("X-Accept-Authentication", "Basic")},
      {"C07", setup().remove("Cache-Control")},
      {"C08", setup().body("Template-URL: \"/live\"\r\n")},
      {"C09", RequestText::start("1", 0)}};
  std::string expected;
  for (const auto& [rule, request] : breaches) {
    EXPECT_EQ(status_for(request), 400) << rule;
    expected += (expected.empty() ? "" : " ") + rule;
  }
  EXPECT_EQ(broken(), expected);
  EXPECT_THAT(server->sessions(), IsEmpty());
  server->stop();
  ASSERT_EQ(lines.size(), breaches.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i].substr(0, 5), breaches[i].first + ": ");
    EXPECT_THAT(lines[i], HasSubstr("(127.0.0.1:"));
  }
}

TEST_F(ServerTest, S02_AnotherMethodGets405) {
  serve();
  auto client = connect();
  client->send("PUT /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string response = client->read_response();
  EXPECT_EQ(status_of(response), 405);
  EXPECT_EQ(field_of(response, "Allow"), "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(broken(), "C01");
}

TEST_F(ServerTest, S02_WhatIsNotHttpGets400) {
  serve();
  EXPECT_EQ(status_for("\x16\x03\x01\x02"), 400);
  EXPECT_EQ(status_for("POST /live HTTP/9.9\r\n\r\n"), 400);
  EXPECT_EQ(status_for("POST /live HTTP/1.1\r\nno field\r\n\r\n"), 400);
  EXPECT_EQ(broken(), "C01 C01 C01");
}

TEST_F(ServerTest, S02_ARequestHeadOfMoreThan8KiBIsRefused) {
  serve();
  const std::size_t rest = RequestText::setup().add("X", "").text().size();
  const auto of_size = [&](std::size_t size) {
    return status_for(RequestText::setup().add("X", std::string(size - rest, 'x')));
  };
  EXPECT_EQ(of_size(8192), 204);
  EXPECT_EQ(of_size(8193), 431);
  EXPECT_EQ(status_for("POST " + std::string(100'000, 'x')), 431);
}

TEST_F(ServerTest, S02_S06_EveryRuleOfAFrameEndsTheSessionWith400) {
  serve();
  const std::string d = d_frame(), h = h_frame();
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {"F01", h + "\xA4" + "D"},
      {"F01", h + "$Q"},
      {"F02", d},
      {"F02", h + d + h},
      {"F02", frame(FrameId::Header, "not an ASF header")},
      {"F02", frame(FrameId::Header, tiny_header() + "x")},
      {"F03", h + frame(FrameId::Data, "")},
      {"F03", h + d_frame(101)},
      {"F04", h + std::string("$E\0\0", 4)},
      {"F05", h + d + end_frame(1) + frame(FrameId::StreamChange, "no header")},
      {"F05", h + d + end_frame(1) + frame(FrameId::StreamChange, tiny_header(), 1)},
      {"F06", h + frame(FrameId::Filler, "x")},
      {"F08", h + d + c_frame()},
      {"F08", h + d + end_frame(1) + d}};
  std::string expected;
  for (const auto& [rule, body] : bodies) {
    auto client = connect();
    const std::string id = push(*client, body);
    EXPECT_EQ(status_of(client->read_response()), 400) << rule;
    EXPECT_EQ(client->read_to_end(), "");
    EXPECT_FALSE(session(id).running);
    EXPECT_EQ(session(id).ended_because.substr(0, 5), rule + ": ");
    expected += (expected.empty() ? "" : " ") + rule;
  }
  EXPECT_EQ(broken(), expected);
}

TEST_F(ServerTest, S02_F07_AFrameThatStraddlesTwoPushStartsIsABreach) {
  serve();
  auto client = connect();
  const std::string body = h_frame() + d_frame();
  push(*client, body.substr(0, body.size() - 1), "/live", body.size() - 1);
  EXPECT_EQ(status_of(client->read_response()), 400);
  EXPECT_EQ(broken(), "F07");
}

TEST_F(ServerTest, S02_F08_NothingFollowsTheEndOfTheStream) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + end_frame() + d_frame());
  client->read_to_end();
  EXPECT_TRUE(session(id).end_of_stream);
  EXPECT_EQ(broken(), "F08");
}

TEST_F(ServerTest, S04_APushSetupIsAnsweredWithTheseFields) {
  settings.idle_timeout = 45s;
  serve();
  auto client = connect();
  client->send(RequestText::setup().text());
  const std::string response = client->read_response();
  EXPECT_EQ(response.substr(0, 25), "HTTP/1.1 204 No Content\r\n");
  EXPECT_THAT(field_of(response, "Server"), MatchesRegex("Cougar/9\\.[0-9.]+"));
  EXPECT_EQ(field_of(response, "Content-Length"), "0");
  EXPECT_THAT(field_of(response, "Date"),
              MatchesRegex("[A-Z][a-z]+, [0-9]+ [A-Z][a-z]+ [0-9]+ [0-9]+:[0-9]+:[0-9]+ GMT"));
  EXPECT_EQ(field_of(response, "Pragma"), "no-cache, timeout=45000");
  EXPECT_EQ(field_of(response, "Cache-Control"), "no-cache");
  EXPECT_THAT(field_of(response, "Set-Cookie"), MatchesRegex("push-id=[0-9]+"));
  EXPECT_THAT(field_of(response, "Supported"), HasSubstr("com.microsoft.wm."));
  EXPECT_EQ(field_of(response, "Connection"), "");  // 1.1 keeps it alive without saying so
  EXPECT_NE(set_up(*client), "");
}

TEST_F(ServerTest, S04_AnHttp10ClientIsToldThatTheConnectionStays) {
  serve();
  auto client = connect();
  client->send(RequestText::setup().line("POST /live HTTP/1.0").text());
  EXPECT_EQ(field_of(client->read_response(), "Connection"), "Keep-Alive");
  EXPECT_NE(set_up(*client), "");
}

TEST_F(ServerTest, S05_AMissingPublishingPointIsAnError) {
  serve();
  EXPECT_EQ(status_for(RequestText::setup("/no")), 404);
  EXPECT_EQ(status_for(
                RequestText::setup("/no").body("Template-URL: \"/neither\"\r\nAutoDestroy: 0\r\n")),
            404);
  EXPECT_EQ(broken(), "S05 S05");
  EXPECT_THAT(server->points(), ElementsAre("/live"));
}

TEST_F(ServerTest, S05_ATemplateMakesThePointAndAutoDestroyRemovesIt) {
  serve();
  auto client = connect();
  client->send(RequestText::setup("/new%20one").body(std::string(kTemplate) + "1\r\n").text());
  const std::string id = push_id_of(client->read_response());
  EXPECT_THAT(server->points(), ElementsAre("/live", "/new one"));
  client->send(RequestText::start(id, 5000, "/new%20one").text() + h_frame() + end_frame());
  client->read_to_end();
  EXPECT_EQ(session(id).point, "/new one");
  EXPECT_THAT(server->points(), ElementsAre("/live"));
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S05_WithoutAutoDestroyThePointStays) {
  serve();
  auto client = connect();
  client->send(RequestText::setup("/new").body(std::string(kTemplate) + "0\r\n").text());
  const std::string id = push_id_of(client->read_response());
  client->send(RequestText::start(id, 5000, "/new").text() + h_frame() + end_frame());
  client->read_to_end();
  EXPECT_THAT(server->points(), ElementsAre("/live", "/new"));
}

TEST_F(ServerTest, S05_AnExistingPointIgnoresTheTemplate) {
  serve();
  auto client = connect();
  client->send(RequestText::setup().body("Template-URL: \"/no\"\r\nAutoDestroy: 1\r\n").text());
  const std::string id = push_id_of(client->read_response());
  client->send(RequestText::start(id).text() + h_frame() + end_frame());
  client->read_to_end();
  EXPECT_THAT(server->points(), ElementsAre("/live"));
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S05_AutoDestroyWorksForASessionThatNeverStarts) {
  serve();
  auto client = connect();
  client->send(RequestText::setup("/new").body(std::string(kTemplate) + "1\r\n").text());
  EXPECT_EQ(status_of(client->read_response()), 204);
  clock.advance(121s);
  server->check_timers();
  EXPECT_THAT(server->points(), ElementsAre("/live"));
}

TEST_F(ServerTest, ServesEightSessionsAtOnce) {
  constexpr int kSessions = 8;
  constexpr std::uint64_t kPackets = 2000;
  settings.points.clear();
  for (int i = 0; i < kSessions; ++i) settings.points.push_back("/p" + std::to_string(i));
  serve();
  std::vector<std::string> ids(kSessions);
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < kSessions; ++i)
    clients.emplace_back([&, i] {
      auto client = connect();
      ids[i] = push(*client, h_frame(), settings.points[i]);
      for (std::uint64_t n = 0; n < kPackets; ++n) client->send(d_frame(1 + (n + i) % 100));
      client->send(end_frame());
      client->read_to_end();
    });
  for (std::thread& client : clients) client.join();
  for (std::size_t i = 0; i < kSessions; ++i) {
    EXPECT_TRUE(session(ids[i]).end_of_stream);
    EXPECT_EQ(session(ids[i]).packets, kPackets);
    EXPECT_EQ(session(ids[i]).point, settings.points[i]);
  }
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, StopsPromptlyWithClientsThatAreStillThere) {
  serve();
  auto receiving = connect();
  const std::string id = push(*receiving, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  auto idle = connect();
  const auto before = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
  EXPECT_EQ(session(id).ended_because, "the server was stopped");
  EXPECT_EQ(status_of(receiving->read_response()), 503);
  EXPECT_THAT(server->points(), ElementsAre("/live"));
  server->check_timers();
}

TEST_F(ServerTest, GivesNoPushIdWhenToldSoAndKnowsTheSessionByItsConnection) {
  habits.send_push_id = false;
  serve();
  auto client = connect();
  client->send(RequestText::setup().text());
  EXPECT_EQ(field_of(client->read_response(), "Set-Cookie"), "");
  client->send(RequestText::start("0").text() + h_frame() + d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(server->sessions().at(0).packets, 1u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S10_MayBeStoppedFromACallback) {
  settings.on_start = [this](const pubpoint::SessionReport&) { server->stop(); };
  serve();
  auto client = connect();
  push(*client, h_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 503);
  client->read_to_end();
  EXPECT_EQ(server->sessions().size(), 1u);
  EXPECT_EQ(server->points().size(), 1u) << "the server can still be asked";
  server.reset();
}

}  // namespace
}  // namespace wmpush::test
