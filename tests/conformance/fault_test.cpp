// The server misbehaves exactly where and how it was told to.
#include <gmock/gmock.h>

#include "test_server.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using Ending = RawClient::Ending;

struct Case {
  At at;
  const char* name;
};

void PrintTo(const Case& where, std::ostream* out) { *out << where.name; }

class FaultTest : public ServerTest, public testing::WithParamInterface<Case> {
 protected:
  /// Says everything that a good client says, however the server answers; the push-id, if any.
  void push_all(RawClient& client) {
    if (GetParam().at == At::Connect) return;
    client.send(RequestText::setup().text());
    if (GetParam().at == At::PushSetup) return;
    const std::string id = push_id_of(client.read_response());
    client.send(RequestText::start(id).text());
    if (GetParam().at == At::PushStart) return;
    client.send(h_frame());
    if (GetParam().at == At::Header) return;
    client.send(d_frame());
    client.send(d_frame());
    if (GetParam().at == At::Packet) return;
    client.send(end_frame());
  }

  Fault fault(Do what) const { return {.at = GetParam().at, .what = what, .packet = 2}; }
};

INSTANTIATE_TEST_SUITE_P(Everywhere, FaultTest,
                         testing::Values(Case{At::Connect, "Connect"},
                                         Case{At::PushSetup, "PushSetup"},
                                         Case{At::PushStart, "PushStart"},
                                         Case{At::Header, "Header"}, Case{At::Packet, "Packet"},
                                         Case{At::End, "End"}),
                         [](const auto& where) { return std::string(where.param.name); });

TEST_P(FaultTest, RespondSendsAStatusAndCloses) {
  serve();
  Fault bad = fault(Do::Respond);
  bad.status = 502;
  server->add_fault(bad);
  auto client = connect();
  push_all(*client);
  EXPECT_EQ(status_of(client->read_response()), 502);
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), Ending::Closed);
}

TEST_P(FaultTest, RespondSendsRawBytesAsTheyStand) {
  serve();
  Fault bad = fault(Do::Respond);
  bad.response = "HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\nhello";
  server->add_fault(bad);
  auto client = connect();
  push_all(*client);
  EXPECT_EQ(client->read_to_end(), bad.response);
  EXPECT_EQ(client->ending(), Ending::Closed);
}

TEST_P(FaultTest, CloseEndsTheConnectionWithoutAWord) {
  serve();
  server->add_fault(fault(Do::Close));
  auto client = connect();
  push_all(*client);
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), Ending::Closed);
}

TEST_P(FaultTest, ResetEndsTheConnectionWithAReset) {
  serve();
  server->add_fault(fault(Do::Reset));
  auto client = connect();
  push_all(*client);
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), Ending::Reset);
}

TEST_P(FaultTest, StallStopsReadingAndKeepsTheConnection) {
  settings.receive_buffer = 16 * 1024;
  serve();
  server->add_fault(fault(Do::Stall));
  auto client = connect();
  push_all(*client);
  constexpr std::size_t kMuch = 100'000'000;
  EXPECT_LT(client->send_until_stalled(kMuch), kMuch);
  EXPECT_TRUE(client->silent_for(10ms));
  clock.advance(200s);
  server->check_timers();
  EXPECT_TRUE(client->silent_for(10ms));
}

TEST_P(FaultTest, SilenceGoesOnReadingAndNeverAnswers) {
  settings.receive_buffer = 16 * 1024;
  serve();
  server->add_fault(fault(Do::Silence));
  auto client = connect();
  push_all(*client);
  constexpr std::size_t kMuch = 20'000'000;
  EXPECT_GE(client->send_until_stalled(kMuch, 10s), kMuch);
  clock.advance(200s);
  server->check_timers();
  EXPECT_TRUE(client->silent_for(50ms));
  client->half_close();
  client->read_to_end();
  EXPECT_EQ(client->ending(), Ending::Closed);
}

TEST_P(FaultTest, DelayGoesOnAfterwardsAsIfNothingWere) {
  serve();
  Fault late = fault(Do::Delay);
  late.delay = 60ms;
  server->add_fault(late);
  const auto before = std::chrono::steady_clock::now();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_GE(std::chrono::steady_clock::now() - before, 60ms);
  EXPECT_TRUE(session(id).end_of_stream);
  EXPECT_EQ(session(id).packets, 2u);
  EXPECT_EQ(broken(), "");
}

class OneFaultTest : public ServerTest {};

TEST_F(OneFaultTest, StrikesAsOftenAsItWasTold) {
  serve();
  server->add_fault({.at = At::PushSetup, .what = Do::Respond, .status = 503, .times = 2});
  EXPECT_EQ(status_for(RequestText::setup()), 503);
  EXPECT_EQ(status_for(RequestText::setup()), 503);
  EXPECT_EQ(status_for(RequestText::setup()), 204);
}

TEST_F(OneFaultTest, StrikesForEverWithZeroTimes) {
  serve();
  server->add_fault({.at = At::PushSetup, .what = Do::Respond, .status = 503, .times = 0});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_for(RequestText::setup()), 503);
}

TEST_F(OneFaultTest, AKeptResponseInTheMiddleOfTheBodyLetsTheBodyGoOn) {
  serve();
  server->add_fault({.at = At::Packet, .status = 200, .keep = true, .packet = 1});
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 200);
  client->send(d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 2u);
  EXPECT_TRUE(session(id).end_of_stream);
}

TEST_F(OneFaultTest, AKeptSuccessInPlaceOfOursStillSetsUpTheSession) {
  serve();
  server->add_fault({.at = At::PushSetup,
                     .response = "HTTP/1.1 200 OK\r\nServer: relay\r\nContent-Length: 0\r\n\r\n",
                     .keep = true});
  auto client = connect();
  client->send(RequestText::setup().text());
  EXPECT_EQ(field_of(client->read_response(), "Server"), "relay");
  client->send(RequestText::start("0").text() + h_frame() + d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  ASSERT_EQ(server->sessions().size(), 1u);
  EXPECT_EQ(server->sessions()[0].packets, 1u);
}

TEST_F(OneFaultTest, AKeptErrorLeavesTheConnectionForTheNextTry) {
  serve();
  server->add_fault({.at = At::PushSetup,
                     .response = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
                     .keep = true});
  auto client = connect();
  client->send(RequestText::setup().text());
  EXPECT_EQ(status_of(client->read_response()), 401);
  EXPECT_NE(set_up(*client), "");
  EXPECT_EQ(server->sessions().size(), 1u);
}

TEST_F(OneFaultTest, AfterACloseOrAResetInTheBodyTheSessionCanBeResumed) {
  serve();
  for (const Do what : {Do::Close, Do::Reset}) {
    server->add_fault({.at = At::Packet, .what = what, .packet = 1});
    auto client = connect();
    const std::string id = push(*client, h_frame() + d_frame());
    client->read_to_end();
    auto again = connect();
    again->send(RequestText::start(id).text() + d_frame() + end_frame());
    EXPECT_EQ(again->read_to_end(), "");
    EXPECT_TRUE(session(id).end_of_stream);
    EXPECT_EQ(session(id).packets, 2u);
  }
  EXPECT_EQ(broken(), "");
}

TEST_F(OneFaultTest, AnErrorInTheBodyEndsTheSessionAndAChallengeDoesNot) {
  serve();
  server->add_fault({.at = At::Packet, .status = 401, .packet = 1});
  server->add_fault({.at = At::Packet, .status = 500, .packet = 2});
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  EXPECT_EQ(status_of(client->read_response()), 401);
  EXPECT_TRUE(session(id).running);
  auto again = connect();
  again->send(RequestText::start(id).text() + d_frame());
  EXPECT_EQ(status_of(again->read_response()), 500);
  EXPECT_FALSE(session(id).running);
}

TEST_F(OneFaultTest, SilenceAtThePushStartLeavesTheUsedUpLengthUnanswered) {
  serve();
  server->add_fault({.at = At::PushStart, .what = Do::Silence});
  auto client = connect();
  const std::string id =
      push(*client, h_frame() + d_frame(), "/live", h_frame().size() + d_frame().size());
  ASSERT_TRUE(packets_reach(id, 1));
  EXPECT_TRUE(client->silent_for(50ms));
}

TEST_F(OneFaultTest, StopsPromptlyWhileItDelaysAndStalls) {
  serve();
  server->add_fault({.at = At::Packet, .what = Do::Delay, .packet = 1, .delay = 1h});
  server->add_fault({.at = At::Connect, .what = Do::Stall});
  auto stalled = connect();
  ASSERT_TRUE(server->wait_for([&] { return server->connections() == 1; }));
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  const auto before = std::chrono::steady_clock::now();
  server->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
}

}  // namespace
}  // namespace wmpush::test
