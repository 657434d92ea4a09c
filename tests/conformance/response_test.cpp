// Rules C20 to C27: what the client makes of the server's responses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using State = EngineDriver::State;
using Want = EngineDriver::Want;

Error error_after(std::string_view response) {
  EngineDriver driver;
  driver.set_up(response);
  return driver.engine.error();
}

std::string warnings(EngineDriver& driver) {
  std::string text;
  for (const auto& note : driver.engine.take_notes())
    if (note.level == WMPUSH_LOG_WARNING) text += note.text;
  return text;
}

std::string status(int code) {
  return "HTTP/1.1 " + std::to_string(code) + " Because\r\nServer: Cougar/9.6\r\n\r\n";
}

/// The state after a 200 to the PushStart whose chunked body comes in these pieces.
State state_after_chunks(std::initializer_list<std::string_view> pieces) {
  EngineDriver driver;
  driver.start_stream();
  driver.answer("HTTP/1.1 200 OK\r\nServer: Cougar/9.6\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const std::string_view piece : pieces) driver.answer(piece);
  return driver.engine.state();
}

TEST(Responses, C20_204And200AreSuccess) {
  for (const char* line : {"HTTP/1.1 204 No Content", "HTTP/1.1 200 OK", "HTTP/1.0 200 OK"}) {
    EngineDriver driver;
    driver.set_up(std::string(line) + "\r\nServer: Cougar/9.6.7600.16564\r\n\r\n");
    EXPECT_EQ(driver.engine.state(), State::Ready) << line;
  }
}

TEST(Responses, C20_CougarAndRexAreMediaServersAndOthersAreNot) {
  for (const char* server : {"Cougar/9.00.00.3372", "Rex/12.0", "cougar/9"}) {
    EngineDriver driver;
    driver.set_up("HTTP/1.1 204 No Content\r\nServer: " + std::string(server) + "\r\n\r\n");
    EXPECT_EQ(driver.engine.state(), State::Ready) << server;
  }
  for (const char* server : {"Apache/2.4", "Cougar", "Cougar/", "MyCougar/9", ""}) {
    const Error error =
        error_after("HTTP/1.1 204 No Content\r\nServer: " + std::string(server) + "\r\n\r\n");
    EXPECT_EQ(error.result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER) << server;
    EXPECT_THAT(error.message, HasSubstr(server));
  }
  EXPECT_EQ(error_after("HTTP/1.1 200 OK\r\n\r\n").result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER);
}

TEST(Responses, C20_AForeignServerIsOnlyWarnedAboutWhenAskedTo) {
  auto config = engine_config();
  config.strict_server = false;
  EngineDriver driver(config);
  driver.set_up("HTTP/1.1 204 No Content\r\nServer: nginx/1.22\r\n\r\n");
  EXPECT_EQ(driver.engine.state(), State::Ready);
  EXPECT_THAT(warnings(driver), HasSubstr("nginx/1.22"));
  EXPECT_EQ(warnings(driver), "");
}

TEST(Responses, C21_ThePushIdStaysWhatItWasWithoutASetCookie) {
  EngineDriver driver;
  driver.set_up("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\n\r\n");
  EXPECT_EQ(driver.engine.push_id(), "0");
}

TEST(Responses, C21_APushStartResponseReplacesThePushIdToo) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(driver.packet(1500));
    driver.flush();
    if (driver.engine.state() != State::RollingOver) continue;
    driver.answer("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nSet-Cookie: push-id=second\r\n\r\n");
    driver.flush();
  }
  const auto requests = requests_in(driver.wire);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].header("Cookie"), "push-id=4124758405");
  EXPECT_EQ(requests[2].header("Cookie"), "push-id=second");
}

TEST(Responses, C21_APushIdMayHave255CharactersAndNotMore) {
  const auto with_id = [](std::size_t size) {
    return "HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nSet-Cookie: push-id=" +
           std::string(size, 'x') + "\r\n\r\n";
  };
  EngineDriver driver;
  driver.set_up(with_id(255));
  EXPECT_EQ(driver.engine.push_id(), std::string(255, 'x'));
  EXPECT_THAT(error_after(with_id(256)).message, HasSubstr("256"));
}

TEST(Responses, C21_AResponseMayArriveInAnyPieces) {
  EngineDriver driver;
  static_cast<void>(driver.engine.start(driver.now));
  driver.engine.connected(driver.now);
  driver.flush();
  for (const char& c : kAccepted) driver.answer(std::string_view(&c, 1));
  EXPECT_EQ(driver.engine.state(), State::Ready);
  EXPECT_EQ(driver.engine.push_id(), "4124758405");
}

TEST(Responses, C22_AChallengeEndsInAccessDeniedAndNamesTheSchemes) {
  const Error server = error_after(
      "HTTP/1.1 401 Unauthorized\r\nServer: Cougar/9\r\nWWW-Authenticate: Negotiate\r\n"
      "WWW-Authenticate: NTLM\r\n\r\n");
  EXPECT_EQ(server.result, Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(server.message, HasSubstr("Negotiate, NTLM"));
  const Error proxy = error_after(
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
      "realm=\"x\"\r\n\r\n");
  EXPECT_EQ(proxy.result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(proxy.message, HasSubstr("Basic"));
}

TEST(Responses, C24_AnyOtherStatusOnPushSetupIsAnErrorWithTheStatusInItsText) {
  const std::vector<std::pair<int, Result>> expected = {
      {400, Result::E_FAIL},
      {403, Result::NS_E_SERVER_ACCESSDENIED},
      {404, Result::NS_E_INVALID_PUSH_PUBLISHING_POINT},
      {405, Result::E_FAIL},
      {408, Result::NS_E_TIMEOUT},
      {409, Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME},
      {410, Result::NS_E_INVALID_PUSH_PUBLISHING_POINT},
      {500, Result::E_FAIL},
      {503, Result::NS_E_SERVER_UNAVAILABLE},
  };
  for (const auto& [code, result] : expected) {
    const Error error = error_after(status(code));
    EXPECT_EQ(error.result, result) << code;
    EXPECT_EQ(error.http_status, code);
    EXPECT_THAT(error.message, HasSubstr(std::to_string(code) + " Because"));
  }
}

TEST(Responses, C24_ARefusalByAPlainWebServerSaysThatItIsOne) {
  const Error error = error_after("HTTP/1.1 405 Not Allowed\r\nServer: nginx/1.22.1\r\n\r\n");
  EXPECT_THAT(error.message, AllOf(HasSubstr("405 Not Allowed"), HasSubstr("nginx/1.22.1"),
                                   HasSubstr("no Windows Media server")));
}

TEST(Responses, C24_404MeansTheTemplateWhenOneWasNamed) {
  auto config = engine_config();
  ASSERT_FALSE(wmhttp::push_setup_body("/t", false, config.setup_body));
  EngineDriver driver(config);
  driver.set_up(status(404));
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_INVALID_PUSH_TEMPLATE);
}

TEST(Responses, C24_WhatIsNotHttpIsNoPushServer) {
  for (const char* text : {"SSH-2.0-OpenSSH_9.2\r\n", "ICY 200 OK\r\n\r\n", "HTTP/x\r\n\r\n"}) {
    const Error error = error_after(text);
    EXPECT_EQ(error.result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER) << text;
  }
  EXPECT_EQ(error_after("HTTP/1.1 204 x\r\n" + std::string(70000, 'a')).result,
            Result::NS_E_INCOMPATIBLE_PUSH_SERVER);
}

TEST(Responses, C24_AnInformationalResponseIsNoAnswer) {
  EngineDriver driver;
  driver.set_up("HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(driver.engine.state(), State::SettingUp);
  driver.answer(kAccepted);
  EXPECT_EQ(driver.engine.state(), State::Ready);
}

TEST(Responses, C24_AStatusBelow100IsNoHttp) {
  for (const char* code : {"000", "007", "099"}) {
    const Error error =
        error_after("HTTP/1.1 " + std::string(code) + " x\r\nServer: Cougar/9.6\r\n\r\n");
    EXPECT_EQ(error.result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER) << code;
  }
}

TEST(Responses, C24_AnAnswerBeforeThePushSetupIsOutHasItsConnectionGivenUpWhenTheRestStalls) {
  EngineDriver driver;
  ASSERT_FALSE(driver.engine.start(driver.now));
  driver.engine.connected(driver.now);
  driver.engine.sent(10, driver.now);
  driver.answer(kAccepted);
  ASSERT_EQ(driver.engine.state(), State::Ready);
  ASSERT_EQ(driver.engine.wants(), Want::Send);
  EXPECT_EQ(driver.engine.deadline(), driver.now + 10s);
  driver.pass(10s);
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.state(), State::Ready);
  EXPECT_FALSE(driver.engine.connected_now());
  EXPECT_EQ(driver.engine.wants(), Want::Nothing);
}

TEST(Responses, C24_NoAnswerToThePushSetupTimesOut) {
  EngineDriver driver;
  driver.set_up("");
  EXPECT_EQ(driver.engine.deadline(), driver.now + 15s);
  driver.pass(15s - 1us);
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.state(), State::SettingUp);
  driver.pass(1us);
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_TIMEOUT);
  EXPECT_THAT(driver.engine.error().message, HasSubstr("15 s"));
}

TEST(Responses, C25_AnErrorInMidBodyEndsTheStreamWithItsStatus) {
  EngineDriver driver;
  driver.start_stream();
  driver.answer(status(408));
  EXPECT_EQ(driver.engine.state(), State::Failed);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_TIMEOUT);
  EXPECT_EQ(driver.engine.error().http_status, 408);
  EXPECT_EQ(driver.packet().result, Result::NS_E_NOCONNECTION);
}

TEST(Responses, C25_ASuccessInMidBodyIsRememberedAndTheBodyGoesOn) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  driver.answer(kNextPlease);
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(driver.packet(1500));
    driver.flush();
    EXPECT_EQ(driver.engine.state(), State::Streaming);  // its answer is there already
    if (i == 3) break;
  }
  EXPECT_EQ(requests_in(driver.wire).size(), 3u);
}

TEST(Responses, C25_AChunkedBodyIsReadPastInAnyPieces) {
  const std::string answer = "HTTP/1.1 404 Not Found\r\n\r\n";
  const std::string body = "5;ext=1\r\nHTTP/\r\nA \r\n0123456789\r\n00\r\nTrailer: x\r\n\r\n";
  EXPECT_EQ(state_after_chunks({body}), State::Streaming);
  EXPECT_EQ(state_after_chunks({body + answer}), State::Failed);
  EngineDriver driver;
  driver.start_stream();
  driver.answer("HTTP/1.1 200 OK\r\nServer: Cougar/9.6\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char& c : body) {
    driver.answer(std::string_view(&c, 1));
    ASSERT_EQ(driver.engine.state(), State::Streaming);
  }
  driver.answer(status(404));
  EXPECT_EQ(driver.engine.error().http_status, 404);
}

TEST(Responses, C25_AChunkedBodyThatIsNoneEndsTheStream) {
  for (const std::string_view body :
       {"x\r\n", "\r\n", "-1\r\n", "0x5\r\n", "10000000000000000\r\n", "2\r\nabc\r\n", "5:\r\n"}) {
    EXPECT_EQ(state_after_chunks({body}), State::Failed) << body;
  }
  // A size near the largest number is one: only the limit of a body ends it.
  EXPECT_EQ(state_after_chunks({"ffffffffffffffff\r\n", "data"}), State::Streaming);
  EXPECT_EQ(state_after_chunks({"fffffffffffffffd\r\n", std::string(1'100'000, 'x')}),
            State::Failed);
  EXPECT_EQ(state_after_chunks({"5;" + std::string(70'000, 'x')}), State::Failed);
}

TEST(Responses, C25_AnEarlySuccessThatClosesTheConnectionIsFollowedOnANewOne) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  driver.answer("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nConnection: close\r\n\r\n");
  while (driver.engine.wants() != Want::Connect) {
    ASSERT_FALSE(driver.packet(1500));
    driver.flush();
  }
  driver.wire.clear();
  driver.engine.connected(driver.now);
  driver.flush();
  EXPECT_EQ(ids(frames_in(requests_in(driver.wire)[0].body)), "D");
}

TEST(Responses, C26_AServerThatClosesBeforeItsAnswerHasLostTheConnection) {
  for (const char* piece : {"", "HTTP/1.1 204 No Con"}) {
    EngineDriver driver;
    driver.set_up(piece);
    driver.engine.peer_closed(driver.now);
    EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
  }
}

TEST(Responses, C26_ACloseOrResetInMidBodyIsALostConnection) {
  EngineDriver closed;
  closed.start_stream();
  closed.engine.peer_closed(closed.now);
  EXPECT_EQ(closed.engine.error().result, Result::NS_E_CONNECTION_FAILURE);

  EngineDriver reset;
  reset.start_stream();
  reset.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                               reset.now);
  EXPECT_EQ(reset.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(reset.engine.error().system_error, ECONNRESET);
}

/// Pushes `count` packets of 1500 bytes with PushStarts of 5000 and answers each rollover.
EngineDriver roll_over(int count) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  for (int i = 0; i < count; ++i) {
    EXPECT_FALSE(driver.packet(1500, static_cast<char>('a' + i % 26)));
    driver.flush();
    if (driver.engine.state() == State::RollingOver) {
      driver.answer(kNextPlease);
      driver.flush();
    }
    EXPECT_TRUE(driver.engine.idle());
  }
  return driver;
}

TEST(Responses, C27_RollsOverWhenTheLengthIsUsedUp) {
  const EngineDriver driver = roll_over(100);
  const auto requests = requests_in(driver.wire);
  ASSERT_GT(requests.size(), 30u);
  std::string packets;
  for (std::size_t i = 1; i < requests.size(); ++i) {
    const auto frames = frames_in(requests[i].body);
    if (i + 1 < requests.size()) {
      EXPECT_EQ(requests[i].body.size(), 5000u) << i;
      EXPECT_EQ(frames.back().id, wmhttp::FrameId::Filler) << i;
    }
    EXPECT_EQ(ids(frames).find('H'), i == 1 ? 0 : std::string::npos);
    for (const SentFrame& frame : frames)
      if (frame.id == wmhttp::FrameId::Data) packets += frame.payload.front();
  }
  std::string expected;
  for (int i = 0; i < 100; ++i) expected += static_cast<char>('a' + i % 26);
  EXPECT_EQ(packets, expected);
  EXPECT_EQ(driver.engine.packets_sent(), 100u);
}

TEST(Responses, C27_AServerThatNeverAnswersGetsANewSessionAndNothingIsDropped) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  for (char mark : {'a', 'b', 'c', 'd'}) {
    ASSERT_FALSE(driver.packet(1500, mark));
    driver.flush();
    if (driver.engine.state() == State::RollingOver) break;
  }
  ASSERT_EQ(driver.engine.state(), State::RollingOver);
  EXPECT_EQ(driver.engine.deadline(), driver.now + 10s);
  driver.pass(10s);
  driver.engine.tick(driver.now);
  ASSERT_EQ(driver.engine.wants(), Want::Connect);
  EXPECT_THAT(warnings(driver), HasSubstr("new session"));
  driver.engine.connected(driver.now);
  EXPECT_EQ(requests_in(driver.flush())[0].header("Cookie"), "push-id=0");
  driver.answer(kAccepted);
  const auto requests = requests_in(driver.flush());
  ASSERT_EQ(requests.size(), 1u);
  const auto frames = frames_in(requests[0].body);
  EXPECT_EQ(ids(frames), "HD");
  EXPECT_EQ(frames[1].payload, std::string(1500, 'd'));
  EXPECT_TRUE(driver.engine.idle());
  EXPECT_EQ(driver.engine.packets_sent(), 4u);
}

TEST(Responses, C27_ANewSessionBeginsWithTheHeaderOfTheEntryThatWasToFollow) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  ASSERT_FALSE(driver.packet(1500));
  driver.flush();
  ASSERT_FALSE(driver.header(3400, 700));
  driver.flush();
  ASSERT_EQ(driver.engine.state(), State::RollingOver);
  driver.pass(10s);
  driver.engine.tick(driver.now);
  driver.wire.clear();
  driver.engine.connected(driver.now);
  driver.flush();
  driver.answer(kAccepted);
  driver.flush();
  ASSERT_FALSE(driver.packet(700));
  driver.flush();
  const auto frames = frames_in(requests_in(driver.wire)[1].body);
  EXPECT_EQ(ids(frames), "HD") << "no $C in a session that has seen no $H";
  EXPECT_EQ(frames[0].payload.size(), 3400u);
}

TEST(Responses, C27_TheNextPushStartTakesANewConnectionWhenTheServerClosesThisOne) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  while (driver.engine.state() != State::RollingOver) {
    ASSERT_FALSE(driver.packet(1500));
    driver.flush();
  }
  driver.answer("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(driver.engine.wants(), Want::Connect);
  driver.engine.connected(driver.now);
  EXPECT_EQ(ids(frames_in(requests_in(driver.flush())[0].body)), "D");
}

}  // namespace
}  // namespace wmpush::test
