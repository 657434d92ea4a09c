// The life of a push session: rules S03 and S06 to S10.
#include <gmock/gmock.h>

#include <set>

#include "test_server.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using wmhttp::FrameId;
using namespace std::chrono_literals;

TEST_F(ServerTest, S03_EverySessionHasAnIdOfItsOwnAndNever0) {
  serve();
  std::set<std::string> ids;
  auto client = connect();
  for (int i = 0; i < 100; ++i) ids.insert(set_up(*client));
  EXPECT_EQ(ids.size(), 100u);
  for (const std::string& id : ids) EXPECT_THAT(id, MatchesRegex("[1-9][0-9]*"));
}

TEST_F(ServerTest, S03_AMissingPushIdAsksForANewSession) {
  serve();
  EXPECT_EQ(status_for(RequestText::setup().remove("Cookie")), 204);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S03_AnUnknownPushIdIsAnError) {
  serve();
  EXPECT_EQ(status_for(RequestText::setup("/live", "4711")), 400);
  EXPECT_EQ(status_for(RequestText::start("4711")), 400);
  EXPECT_EQ(status_for(RequestText::start("0")), 400);
  EXPECT_EQ(broken(), "S03 S03 S03");
}

TEST_F(ServerTest, S03_APushIdIsForItsOwnPublishingPoint) {
  settings.points = {"/live", "/other"};
  serve();
  auto client = connect();
  const std::string id = set_up(*client);
  EXPECT_EQ(status_for(RequestText::start(id, 1000, "/other")), 400);
  EXPECT_EQ(broken(), "S03");
}

TEST_F(ServerTest, S03_APushSetupMayBeSentAgainBeforeThePushStarts) {
  serve();
  auto client = connect();
  const std::string id = set_up(*client);
  client->send(RequestText::setup("/live", id).text());
  EXPECT_EQ(push_id_of(client->read_response()), id);
}

TEST_F(ServerTest, S03_AReceivingSessionRefusesASecondSetupAndASecondStart) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  EXPECT_EQ(status_for(RequestText::setup("/live", id)), 409);
  EXPECT_EQ(status_for(RequestText::start(id)), 409);
  EXPECT_EQ(broken(), "S03 S03");
  client->send(end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_TRUE(session(id).end_of_stream);
}

TEST_F(ServerTest, S03_APublishingPointInUseRefusesASecondPusher) {
  serve();
  auto early = connect();
  const std::string early_id = set_up(*early);
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  EXPECT_EQ(status_for(RequestText::setup()), 409);
  early->send(RequestText::start(early_id).text());
  EXPECT_EQ(status_of(early->read_response()), 409);
  EXPECT_EQ(broken(), "S03 S03");
}

TEST_F(ServerTest, S03_APushThatEndedLetsTheNextOneInAtOnce) {
  serve();
  for (int i = 0; i < 50; ++i) {
    auto client = connect();
    push(*client, h_frame() + d_frame() + end_frame());
    // Gone without waiting for the server's close.
  }
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S06_FramesAreTakenAsTheyArrive) {
  serve();
  auto client = connect();
  const std::string id = push(*client, "");
  ASSERT_TRUE(server->wait_for([&] { return session(id).receiving; }));
  client->send(h_frame() + d_frame());
  EXPECT_TRUE(packets_reach(id, 1));
  client->send(d_frame() + "$");
  EXPECT_TRUE(packets_reach(id, 2));
}

TEST_F(ServerTest, S06_TheAnswerComesWhenTheLengthIsUsedUpAndTheNextPushStartGoesOn) {
  serve();
  auto client = connect();
  const std::string first = h_frame() + d_frame() + f_frame(20);
  const std::string id = push(*client, first.substr(0, first.size() - 1), "/live", first.size());
  ASSERT_TRUE(packets_reach(id, 1));
  EXPECT_TRUE(client->silent_for(50ms));
  client->send(first.substr(first.size() - 1));
  const std::string response = client->read_response();
  EXPECT_EQ(status_of(response), 204);
  EXPECT_EQ(push_id_of(response), id);
  EXPECT_THAT(field_of(response, "Server"), HasSubstr("Cougar/"));
  EXPECT_FALSE(session(id).receiving);

  client->send(RequestText::start(id).text() + d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(session(id).push_starts, 2u);
  EXPECT_EQ(session(id).packets, 2u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S06_TwoHundredPushStartsMayComeInOneGo) {
  serve();
  auto client = connect();
  const std::string id = set_up(*client);
  std::string all = RequestText::start(id, h_frame().size()).text() + h_frame();
  for (int i = 0; i < 200; ++i) all += RequestText::start(id, d_frame().size()).text() + d_frame();
  client->send(all + RequestText::start(id, 8).text() + end_frame());
  client->read_to_end();
  EXPECT_EQ(session(id).push_starts, 202u);
  EXPECT_EQ(session(id).packets, 200u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S07_TheEndDeletesTheSessionAndCloses) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame() + end_frame(0x80004005));
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  EXPECT_EQ(session(id).end_reason, 0x80004005);
  EXPECT_EQ(status_for(RequestText::start(id)), 400);
  EXPECT_EQ(broken(), "S03");
}

TEST_F(ServerTest, S07_TheEndMayBeAnsweredFirst) {
  habits.answer_end = true;
  serve();
  auto client = connect();
  push(*client, h_frame() + end_frame());
  EXPECT_EQ(status_of(client->read_response()), 204);
  EXPECT_EQ(client->read_to_end(), "");
}

TEST_F(ServerTest, S07_TheEndOfAnEntryIsNotTheEndOfTheStream) {
  serve();
  auto client = connect();
  const std::string id =
      push(*client, h_frame() + d_frame() + end_frame(1) + c_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 2));
  EXPECT_TRUE(session(id).running);
  EXPECT_FALSE(session(id).end_of_stream);
  EXPECT_EQ(session(id).entries, 2u);
  client->send(end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_TRUE(session(id).end_of_stream);
}

TEST_F(ServerTest, S08_SilenceInsideAPushStartIsAnsweredWith408) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  clock.advance(59s);
  server->check_timers();
  EXPECT_TRUE(session(id).running);
  client->send(d_frame());
  ASSERT_TRUE(packets_reach(id, 2));
  clock.advance(59s);
  server->check_timers();
  EXPECT_TRUE(session(id).running);
  clock.advance(1s);
  server->check_timers();
  EXPECT_EQ(status_of(client->read_response()), 408);
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_FALSE(session(id).running);
  EXPECT_EQ(session(id).ended_because, "no data for 60000 ms");
  EXPECT_EQ(status_for(RequestText::start(id)), 400);
}

TEST_F(ServerTest, S08_FillerIsNotData) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  clock.advance(59s);
  client->send(f_frame(10) + "$");
  clock.advance(1s);
  server->check_timers();
  EXPECT_EQ(status_of(client->read_response()), 408);
}

TEST_F(ServerTest, S08_SilenceBetweenRequestsCloses) {
  serve();
  auto client = connect();
  const std::string id = set_up(*client);
  auto mute = connect();
  ASSERT_TRUE(server->wait_for([&] { return server->connections() == 2; }));
  clock.advance(119s);
  server->check_timers();
  EXPECT_TRUE(session(id).running);
  clock.advance(1s);
  server->check_timers();
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(client->ending(), RawClient::Ending::Closed);
  EXPECT_EQ(session(id).ended_because, "no request for 120000 ms");
  EXPECT_EQ(mute->read_to_end(), "");
  EXPECT_EQ(mute->ending(), RawClient::Ending::Closed);
}

TEST_F(ServerTest, S08_ASessionThatEndsLeavesAnotherOnTheSameConnectionAlone) {
  serve();
  auto client = connect();
  const std::string unused = set_up(*client);
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  for (std::uint64_t i = 2; i <= 4; ++i) {
    clock.advance(40s);
    client->send(d_frame());
    ASSERT_TRUE(packets_reach(id, i));
    server->check_timers();
  }
  EXPECT_FALSE(session(unused).running);
  client->send(d_frame() + end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 5u);
}

TEST_F(ServerTest, S08_TheServerLooksAtItsTimersByItself) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  clock.advance(60s);
  EXPECT_EQ(status_of(client->read_response()), 408);
}

TEST_F(ServerTest, S09_C33_ALostConnectionIsResumedByPushId) {
  serve();
  auto first = connect();
  const std::string id = push(*first, h_frame() + d_frame() + d_frame().substr(0, 50));
  ASSERT_TRUE(packets_reach(id, 1));
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + d_frame() + end_frame(1) + c_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 3));
  second->reset();
  ASSERT_TRUE(connection_is_lost(id));
  EXPECT_TRUE(session(id).running);
  auto third = connect();
  third->send(RequestText::start(id).text() + d_frame() + end_frame());
  EXPECT_EQ(third->read_to_end(), "");
  EXPECT_TRUE(session(id).end_of_stream);
  EXPECT_EQ(session(id).packets, 4u);
  EXPECT_EQ(session(id).push_starts, 3u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S09_AResumedSessionMayBeginWithTheNextEntry) {
  serve();
  auto first = connect();
  const std::string id = push(*first, h_frame() + d_frame() + end_frame(1));
  ASSERT_TRUE(packets_reach(id, 1));
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + c_frame() + d_frame() + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).entries, 2u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S09_AClientIsResumedHoweverQuicklyItComesBack) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame());
  for (int i = 0; i < 100; ++i) {
    client->send(d_frame());
    client = connect();
    client->send(RequestText::start(id).text());
  }
  client->send(end_frame());
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 100u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S09_NothingThatArrivedIsLostWhenAClientComesBack) {
  serve();
  auto first = connect();
  std::string body = h_frame();
  for (int i = 0; i < 20'000; ++i) body += d_frame();
  const std::string id = push(*first, body);
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + d_frame() + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 20'001u);
  EXPECT_EQ(broken(), "");
}

TEST_F(ServerTest, S09_PacketsThatAClientRepeatsWhenItComesBackAreTakenOnce) {
  serve();
  auto first = connect();
  const std::string a = d_frame(), b = d_frame(), c = d_frame(), d = d_frame();
  const std::string id = push(*first, h_frame() + a + b + c);
  ASSERT_TRUE(packets_reach(id, 3));
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + b + c + d + a + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 5u);  // 'a' at last is no repetition: it does not come in the run
  EXPECT_EQ(session(id).packets_repeated, 2u);
}

TEST_F(ServerTest, S09_TheNextEntryMayHaveTheSamePackets) {
  serve();
  auto first = connect();
  const std::string a = d_frame(), b = d_frame(), c = d_frame();
  const std::string id = push(*first, h_frame() + a + b + c + end_frame(1) + c_frame());
  ASSERT_TRUE(server->wait_for([&] { return session(id).entries == 2; }));
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + a + b + c + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 6u);
}

TEST_F(ServerTest, S09_ASilentConnectionIsTakenOverByAClientThatComesWithItsPushId) {
  serve();
  auto first = connect();
  const std::string id = push(*first, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  clock.advance(999ms);
  EXPECT_EQ(status_for(RequestText::start(id)), 409);
  clock.advance(1ms);
  auto second = connect();
  second->send(RequestText::start(id).text() + d_frame() + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 2u);
  EXPECT_TRUE(session(id).end_of_stream);
  EXPECT_EQ(first->read_to_end(), "");
}

TEST_F(ServerTest, S09_WhatAStalledConnectionHoldsIsReadBeforeAnotherTakesOver) {
  serve();
  server->add_fault({.at = At::Packet, .what = Do::Stall, .packet = 1});
  auto first = connect();
  const std::string id = push(*first, h_frame() + d_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  first->send(d_frame());
  clock.advance(1s);
  auto second = connect();
  second->send(RequestText::start(id).text() + d_frame() + end_frame());
  EXPECT_EQ(second->read_to_end(), "");
  EXPECT_EQ(session(id).packets, 4u);
}

TEST_F(ServerTest, S09_AResumedSessionDoesNotTakeASecondHeader) {
  serve();
  auto first = connect();
  const std::string id = push(*first, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  first->close();
  auto second = connect();
  second->send(RequestText::start(id).text() + h_frame());
  EXPECT_EQ(status_of(second->read_response()), 400);
  EXPECT_EQ(broken(), "F02");
}

TEST_F(ServerTest, S09_ALostSessionKeepsItsPointUntilItsIdleTimeIsOver) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  client->close();
  ASSERT_TRUE(connection_is_lost(id));
  EXPECT_EQ(status_for(RequestText::setup()), 409);
  clock.advance(60s);
  server->check_timers();
  EXPECT_FALSE(session(id).running);
  EXPECT_THAT(session(id).ended_because, HasSubstr("not resumed within 60000 ms"));
  EXPECT_EQ(status_for(RequestText::start(id)), 400);
  EXPECT_EQ(status_for(RequestText::setup()), 204);
}

TEST_F(ServerTest, S10_AnAdministrativeDisconnectIsAnsweredAtOnce) {
  settings.points = {"/live", "/other"};
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  auto other = connect();
  const std::string other_id = push(*other, h_frame() + d_frame(), "/other");
  ASSERT_TRUE(packets_reach(id, 1) && packets_reach(other_id, 1));
  server->disconnect("/live", 503);
  EXPECT_EQ(status_of(client->read_response()), 503);
  EXPECT_EQ(client->read_to_end(), "");
  EXPECT_FALSE(session(id).running);
  EXPECT_EQ(session(id).ended_because, "disconnected by the administrator, 503");
  EXPECT_EQ(status_for(RequestText::start(id)), 400);
  EXPECT_TRUE(session(other_id).running);
}

TEST_F(ServerTest, S10_AnAnswerReachesAClientThatIsStillSending) {
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  server->disconnect("/live", 403);
  for (int i = 0; i < 100; ++i) client->send(d_frame());
  EXPECT_EQ(status_of(client->read_response()), 403);
}

}  // namespace
}  // namespace wmpush::test
