// Rules C30 to C32: how a session ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using State = EngineDriver::State;
using Want = EngineDriver::Want;

EngineDriver ending() {
  EngineDriver driver;
  driver.start_stream();
  EXPECT_FALSE(driver.packet());
  driver.flush();
  EXPECT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  EXPECT_EQ(driver.engine.state(), State::Ending);
  return driver;
}

TEST(Ending, C30_TheServersCloseAfterTheEndIsSuccess) {
  EngineDriver driver = ending();
  EXPECT_EQ(driver.engine.wants(), Want::Receive);
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.state(), State::Ended);
  EXPECT_EQ(driver.engine.wants(), Want::Nothing);
}

TEST(Ending, C30_ASuccessAfterTheEndIsSuccessAndThenTheConnectionIsClosed) {
  EngineDriver driver = ending();
  driver.answer(kNextPlease);
  EXPECT_EQ(driver.engine.state(), State::Ended);
  EXPECT_EQ(driver.engine.wants(), Want::Close);
  driver.engine.closed();
  EXPECT_EQ(driver.engine.wants(), Want::Nothing);
}

TEST(Ending, C30_SilenceAfterTheEndIsSuccessWhenEverythingWasAcknowledged) {
  EngineDriver driver = ending();
  EXPECT_EQ(driver.engine.deadline(), driver.now + 5s);
  driver.pass(5s);
  driver.engine.tick(driver.now, {.unacknowledged = 0});
  EXPECT_EQ(driver.engine.state(), State::Ended);
}

TEST(Ending, C30_SilenceIsAFailureWhenTheEndWasNotAcknowledged) {
  EngineDriver driver = ending();
  driver.pass(5s);
  driver.engine.tick(driver.now, {.unacknowledged = 1234});
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(driver.engine.error().message, HasSubstr("1234"));
}

TEST(Ending, C30_SilenceIsAFailureWhenSomethingOfItIsSurelyUnread) {
  EngineDriver driver = ending();
  driver.pass(5s);
  driver.engine.tick(driver.now, {.unacknowledged = 0, .surely_unread = 5678});
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(driver.engine.error().message, AllOf(HasSubstr("5678"), HasSubstr("unread")));
}

TEST(Ending, C30_OnlyACloseOrASuccessConfirmsTheEnd) {
  const auto warning = [](EngineDriver& driver) {
    std::string text;
    for (const auto& note : driver.engine.take_notes())
      if (note.level == WMPUSH_LOG_WARNING) text += note.text;
    return text;
  };
  EngineDriver closed = ending();
  EXPECT_FALSE(closed.engine.end_confirmed());
  closed.engine.peer_closed(closed.now);
  EXPECT_TRUE(closed.engine.end_confirmed());
  EXPECT_EQ(warning(closed), "");
  EngineDriver answered = ending();
  answered.answer(kNextPlease);
  EXPECT_TRUE(answered.engine.end_confirmed());
  EngineDriver silent = ending();
  silent.pass(2s);
  silent.engine.take_silence(silent.now, {});
  EXPECT_EQ(silent.engine.state(), State::Ended);
  EXPECT_FALSE(silent.engine.end_confirmed());
  EXPECT_THAT(warning(silent), HasSubstr("nobody confirmed"));
}

TEST(Ending, C30_SilenceIsTakenOnlyWhenTheEndIsOut) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.engine.take_silence(driver.now, {});
  EXPECT_EQ(driver.engine.state(), State::Ending);
  driver.flush();
  driver.engine.take_silence(driver.now, {});
  EXPECT_EQ(driver.engine.state(), State::Ended);
}

TEST(Ending, C30_AnInterruptIsNoFailureOnceEverythingIsAcknowledged) {
  const Error interrupted{Result::NS_E_SHUTDOWN, 0, 0, "interrupted"};
  EngineDriver taken = ending();
  taken.engine.abandon(interrupted, {.unacknowledged = 0});
  EXPECT_EQ(taken.engine.state(), State::Ended);
  EXPECT_FALSE(taken.engine.end_confirmed());
  EngineDriver under_way = ending();
  under_way.engine.abandon(interrupted, {.unacknowledged = 1234});
  EXPECT_EQ(under_way.engine.error().result, Result::NS_E_SHUTDOWN);
  EXPECT_THAT(under_way.engine.error().message, HasSubstr("not acknowledged the last 1234 bytes"));
  EngineDriver queued;
  queued.start_stream();
  ASSERT_FALSE(queued.engine.end(0, queued.now));
  queued.engine.abandon(interrupted, {});
  EXPECT_EQ(queued.engine.state(), State::Failed);
}

TEST(Ending, C30_AnErrorAnswerBehindTheEndIsAWarningWithoutStrictEnd) {
  auto config = engine_config();
  config.strict_end = false;
  EngineDriver driver(config);
  driver.start_stream();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  driver.answer("HTTP/1.1 422 Unprocessable\r\nServer: Cougar/9\r\n\r\n");
  EXPECT_EQ(driver.engine.state(), State::Ended);
  EXPECT_FALSE(driver.engine.end_confirmed());
  std::string notes;
  for (const auto& note : driver.engine.take_notes())
    if (note.level == WMPUSH_LOG_WARNING) notes += note.text;
  EXPECT_THAT(notes, AllOf(HasSubstr("422 Unprocessable"), HasSubstr("was delivered")));
}

TEST(Ending, C30_AResetAfterTheEndIsAFailure) {
  EngineDriver driver = ending();
  driver.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
}

TEST(Ending, C30_AnErrorAnswerAfterTheEndIsAFailureThatNamesIt) {
  EngineDriver driver = ending();
  driver.answer("HTTP/1.1 422 Unprocessable\r\nServer: relay\r\n\r\n");
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(driver.engine.error().http_status, 422);
  EXPECT_THAT(
      driver.engine.error().message,
      AllOf(HasSubstr("422 Unprocessable"),
            HasSubstr("everything in front of the end was delivered"), HasSubstr("strict_end=0")));
}

TEST(Ending, C30_A400Or502AfterTheEndIsTheProxysAndNoLoss) {
  for (const int status : {400, 502}) {
    EngineDriver driver;
    driver.set_up("HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nVia: 1.1 p\r\n\r\n");
    ASSERT_FALSE(driver.header());
    driver.flush();
    ASSERT_FALSE(driver.engine.end(0, driver.now));
    driver.flush();
    driver.answer("HTTP/1.1 " + std::to_string(status) + " x\r\n\r\n");
    EXPECT_EQ(driver.engine.state(), State::Ended) << status;
  }
  EngineDriver direct = ending();
  direct.answer("HTTP/1.1 400 x\r\n\r\n");
  EXPECT_EQ(direct.engine.state(), State::Failed);
}

TEST(Ending, C30_AProxyThatShowsItselfOnlyThenIsOneToo) {
  for (const char* answer : {"502 x\r\nServer: nginx", "400 x\r\nServer: nginx", "502 x"}) {
    EngineDriver driver = ending();
    driver.answer("HTTP/1.1 " + std::string(answer) + "\r\n\r\n");
    EXPECT_EQ(driver.engine.state(), State::Ended) << answer;
  }
}

TEST(Ending, C30_A400OfTheServersOwnIsALossBehindAProxyToo) {
  EngineDriver driver;
  driver.set_up("HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nVia: 1.1 p\r\n\r\n");
  ASSERT_FALSE(driver.header());
  driver.flush();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  driver.answer("HTTP/1.1 400 x\r\nServer: Cougar/9\r\n\r\n");
  EXPECT_EQ(driver.engine.state(), State::Failed);
}

TEST(Ending, C30_AServerThatClosesBeforeTheEndWasSentHasNotTakenIt) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
}

TEST(Ending, C31_EndSessionWithoutAConnectionIsNoConnection) {
  EngineDriver driver;
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_NOCONNECTION);
  driver.set_up("HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_NOCONNECTION);
}

TEST(Ending, C31_EndSessionAfterALossIsConnectionFailureOnce) {
  EngineDriver driver;
  driver.start_stream();
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_NOCONNECTION);
}

TEST(Ending, C31_ASecondEndSessionIsNoConnection) {
  EngineDriver driver = ending();
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_NOCONNECTION);
  EXPECT_EQ(driver.packet().result, Result::NS_E_NOCONNECTION);
}

TEST(Ending, C31_WithoutAHeaderThereIsNothingToEnd) {
  EngineDriver driver;
  driver.set_up();
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_INVALID_REQUEST);
  EXPECT_EQ(driver.engine.state(), State::Ready);
}

TEST(Ending, C32_DisconnectClosesWithoutAnEnd) {
  EngineDriver driver;
  driver.start_stream();
  EXPECT_EQ(driver.engine.disconnect().result, Result::S_OK);
  EXPECT_EQ(driver.engine.wants(), Want::Close);
  EXPECT_EQ(driver.flush(), "");
  driver.engine.closed();
  EXPECT_EQ(driver.engine.disconnect().result, Result::S_FALSE);
  EXPECT_EQ(ids(frames_in(requests_in(driver.wire)[1].body)), "H");
}

TEST(Sending, AServerThatTakesNoDataTimesOutAfterTheLastProgress) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.packet());
  driver.pass(9s);
  driver.engine.sent(10, driver.now);
  EXPECT_EQ(driver.engine.deadline(), driver.now + 10s);
  driver.pass(10s);
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_TIMEOUT);
  EXPECT_EQ(driver.engine.packets_sent(), 0u);
}

TEST(Sending, SilenceIsNoFailureHoweverLongItLasts) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.packet());
  driver.flush();
  for (int i = 0; i < 75; ++i) {
    driver.pass(1s);
    driver.engine.tick(driver.now);
  }
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  ASSERT_FALSE(driver.packet());
  EXPECT_NE(driver.flush(), "");
  // A server that has had enough says so by an answer, or by its close.
  driver.pass(61s);
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
}

TEST(Sending, CallsThatAreNotValidNowChangeNothing) {
  EngineDriver driver;
  EXPECT_EQ(driver.header().result, Result::NS_E_INVALID_REQUEST);
  EXPECT_EQ(driver.packet().result, Result::NS_E_NOCONNECTION);
  driver.set_up();
  EXPECT_EQ(driver.packet().result, Result::NS_E_INVALID_REQUEST);
  EXPECT_EQ(driver.engine.start(driver.now).result, Result::NS_E_INVALID_REQUEST);
  EXPECT_EQ(driver.engine.state(), State::Ready);
}

TEST(Sending, WhatIsTakenWhileTheSessionRollsOverFollowsInItsOrder) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1500);
  while (driver.engine.state() != State::RollingOver) {
    ASSERT_FALSE(driver.packet(1500));
    driver.flush();
  }
  EXPECT_FALSE(driver.engine.idle());
  EXPECT_FALSE(driver.packet(1500, 'x'));
  EXPECT_FALSE(driver.header(100, 1500));
  EXPECT_FALSE(driver.packet(1500, 'y'));
  EXPECT_FALSE(driver.engine.end(0, driver.now));
  EXPECT_EQ(driver.packet(1500).result, Result::NS_E_INVALID_REQUEST) << "behind the end";
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_NOCONNECTION) << "a second end";
  driver.answer(kNextPlease);
  const auto requests = requests_in(driver.flush());
  ASSERT_EQ(requests.size(), 1u);
  std::string order;
  for (const auto& frame : frames_in(requests.front().body)) {
    order += static_cast<char>(frame.id);
    if (!frame.payload.empty()) order += frame.payload.front();
  }
  // The packet that found no room comes first.
  EXPECT_THAT(order, ::testing::MatchesRegex("D.DxEChDyE"));
  EXPECT_EQ(driver.engine.state(), State::Ending);
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.state(), State::Ended);
}

TEST(Ending, C30_AnEndThatMustWaitForARolloverHasNoMoreTimeForThat) {
  auto config = engine_config();
  config.content_length = 4 + 100 + 3 * 1004 + 4;
  EngineDriver driver(config);
  driver.start_stream(100, 1000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
  }
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  ASSERT_EQ(driver.engine.state(), State::RollingOver);
  EXPECT_EQ(driver.engine.deadline(), driver.now + 5s);
  driver.pass(5s);
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_CONNECTION_FAILURE);
}

TEST(Ending, C31_EndSessionOfASessionWhoseConnectionIsGoneIsConnectionFailure) {
  EngineDriver driver;
  driver.set_up();
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.end(0, driver.now).result, Result::NS_E_CONNECTION_FAILURE);
}

}  // namespace
}  // namespace wmpush::test
