// Rule C33: a connection that is lost in mid stream is made again; the session goes on where the
// peer's kernel had taken everything, or anew where the server does not have it any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Engine = wmhttp::PushEngine;
using State = Engine::State;
using Want = Engine::Want;
using wmhttp::Clock;

constexpr std::string_view kGone =
    "HTTP/1.1 400 Bad Request\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n"
    "Connection: close\r\n\r\n";
constexpr std::size_t kFrame = 1004;  // a $D of the driver's packets

std::string answer_with(std::string_view status) {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nServer: Cougar/9.6.7600.16564\r\nContent-Length: 0\r\n\r\n";
}

wmhttp::EngineConfig reconnecting() {
  auto config = engine_config();
  config.reconnect = true;
  config.reconnect_delay_max = 30s;
  return config;
}

/// A push in which the connection breaks; the packets are 'a', 'b', 'c' ...
class Recovery : public ::testing::Test {
 protected:
  explicit Recovery(wmhttp::EngineConfig config = reconnecting()) : driver(std::move(config)) {}

  Engine& engine() { return driver.engine; }
  void push(char first, char last) {
    for (char mark = first; mark <= last; ++mark) {
      EXPECT_FALSE(driver.packet(1000, mark)) << engine().error().message;
      driver.flush();
    }
  }
  void lose(std::size_t unacknowledged, std::size_t unread = 0) {
    engine().connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"}, driver.now,
                             {unacknowledged, unread});
  }
  /// Lets the wait pass and makes the connection.
  void come_back() {
    ASSERT_EQ(engine().wants(), Want::Wait);
    driver.now = engine().deadline();
    engine().tick(driver.now);
    ASSERT_EQ(engine().wants(), Want::Connect);
    engine().connected(driver.now);
  }
  /// The next entry, with a header of 50 times 'n'.
  void begin_next_entry() {
    driver.header_bytes.assign(50, std::byte{'n'});
    EXPECT_FALSE(engine().header(driver.header_bytes, {1000, 0}, driver.now));
    driver.flush();
  }
  /// The server has lost the session: the first PushStart of the one that is set up anew.
  SentRequest renew() {
    driver.answer(kGone);
    come_back();
    driver.flush();
    driver.answer(kAccepted);
    return next();
  }
  /// The one request that goes out now.
  SentRequest next() {
    const auto requests = requests_in(driver.flush());
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? SentRequest{} : requests.back();
  }
  /// "abc" for the packets of a body, with the other frames' ids as capitals.
  static std::string content(const SentRequest& request) {
    std::string text;
    for (const SentFrame& frame : frames_in(request.body))
      text += frame.id == wmhttp::FrameId::Data ? frame.payload[0] : static_cast<char>(frame.id);
    return text;
  }
  std::string notes() {
    std::string text;
    for (const auto& note : engine().take_notes()) text += note.text + "\n";
    return text;
  }

  EngineDriver driver;
};

TEST_F(Recovery, C33_WithoutReconnectALostConnectionIsTheEnd) {
  EngineDriver other;
  other.start_stream();
  other.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                               other.now);
  EXPECT_EQ(other.engine.state(), State::Failed);
}

TEST_F(Recovery, C33_TheSessionIsResumedByItsPushIdAndWithoutAnotherHeader) {
  driver.start_stream();
  push('a', 'c');
  lose(0);
  come_back();
  push('d', 'd');
  const auto requests = requests_in(driver.wire);
  ASSERT_EQ(requests.size(), 2u);  // the first PushStart's body swallows the rest of the wire
  const auto resumed =
      requests_in(std::string_view(driver.wire).substr(driver.wire.rfind("POST ")));
  ASSERT_EQ(resumed.size(), 1u);
  EXPECT_EQ(resumed[0].header("Cookie"), "push-id=4124758405");
  EXPECT_THAT(resumed[0].header("Content-Type"), StartsWith("application/x-wms-pushstart"));
  EXPECT_EQ(content(resumed[0]), "d");
  EXPECT_EQ(engine().packets_sent(), 4u);
  EXPECT_EQ(engine().packets_resent(), 0u);
  EXPECT_EQ(engine().packets_at_risk(), 0u);
}

TEST_F(Recovery, C33_ALaterHeaderHasTheRoomOfAStreamChangeWhileTheConnectionIsMadeAgainToo) {
  EXPECT_EQ(engine().header_limit(), wmhttp::kMaxHeaderPayload);
  driver.start_stream();
  EXPECT_EQ(engine().header_limit(), wmhttp::kMaxStreamChangePayload);
  lose(0);
  ASSERT_EQ(engine().wants(), Want::Wait);
  EXPECT_EQ(engine().header_limit(), wmhttp::kMaxStreamChangePayload);
  come_back();
  EXPECT_EQ(engine().header_limit(), wmhttp::kMaxStreamChangePayload);
  driver.flush();
  driver.answer(kGone);
  come_back();
  driver.flush();
  EXPECT_EQ(engine().header_limit(), wmhttp::kMaxStreamChangePayload);
}

TEST_F(Recovery, C33_WhatThePeersKernelDidNotConfirmIsSentAgainWholeAndInOrder) {
  driver.start_stream();
  push('a', 'e');
  lose(2 * kFrame + 1);  // the last byte of 'c' is missing, so all of 'c' is
  come_back();
  EXPECT_EQ(content(next()), "cde");
  push('f', 'f');
  EXPECT_EQ(engine().packets_sent(), 6u);
  EXPECT_EQ(engine().packets_resent(), 3u);
  EXPECT_EQ(engine().reconnects(), 1u);
}

TEST_F(Recovery, C33_APacketThatWasBeingSentGoesOutWholeOnTheNewConnection) {
  driver.start_stream();
  push('a', 'a');
  ASSERT_FALSE(driver.packet(1000, 'b'));
  engine().sent(500, driver.now);
  lose(200);
  EXPECT_EQ(engine().packets_sent(), 1u);
  come_back();
  EXPECT_EQ(content(next()), "b");
  EXPECT_EQ(engine().packets_sent(), 2u);
}

TEST_F(Recovery, C33_AHeaderThatDidNotArriveIsSentAgainInTheSameSession) {
  driver.start_stream();
  push('a', 'a');
  lose(104 + kFrame);
  come_back();
  const SentRequest resumed = next();
  EXPECT_EQ(content(resumed), "Ha");
  EXPECT_EQ(resumed.header("Cookie"), "push-id=4124758405");
}

TEST_F(Recovery, C33_StreamingIsSaidAgainOnlyWhenDataIsOut) {
  driver.start_stream();
  push('a', 'a');
  lose(0);
  EXPECT_EQ(engine().state(), State::Waiting);
  come_back();
  driver.flush();
  EXPECT_EQ(engine().state(), State::Resuming);
  EXPECT_THAT(notes(), Not(HasSubstr("streaming again")));
  EXPECT_TRUE(engine().recovering());
  push('b', 'b');
  EXPECT_EQ(engine().state(), State::Streaming);
  EXPECT_FALSE(engine().recovering());
}

TEST_F(Recovery, C33_TheLogIsToldWhenTheServerHasNotObjectedForAWhile) {
  driver.start_stream();
  push('a', 'a');
  lose(0);
  come_back();
  push('b', 'b');
  driver.pass(999ms);
  push('c', 'c');
  EXPECT_THAT(notes(), Not(HasSubstr("streaming again")));
  driver.pass(1ms);
  push('d', 'd');
  EXPECT_THAT(notes(), HasSubstr("streaming again"));
}

TEST_F(Recovery, C33_ASessionThatTheServerLostIsSetUpAnewWithItsHeaderAndNothingIsDropped) {
  driver.start_stream();
  push('a', 'c');
  lose(kFrame);
  come_back();
  EXPECT_EQ(content(next()), "c");
  push('d', 'd');
  driver.answer(kGone);  // what was sent since the resumed PushStart's head was not taken
  EXPECT_LE(engine().deadline(), driver.now + 500ms);
  come_back();
  const SentRequest setup = next();
  EXPECT_EQ(setup.header("Cookie"), "push-id=0");
  EXPECT_THAT(setup.header("Content-Type"), StartsWith("application/x-wms-pushsetup"));
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "Hcd");
  EXPECT_EQ(engine().state(), State::Streaming);
  EXPECT_EQ(engine().packets_at_risk(), 0u);
  EXPECT_EQ(engine().packets_sent(), 4u);
}

TEST_F(Recovery, C33_AServerThatGaveNoPushIdGetsANewSessionAtOnce) {
  driver.set_up(kNextPlease);
  ASSERT_FALSE(driver.header());
  driver.flush();
  push('a', 'b');
  lose(kFrame);
  come_back();
  EXPECT_EQ(next().header("Cookie"), "push-id=0");
  driver.answer(kNextPlease);
  EXPECT_EQ(content(next()), "Hb");
}

TEST_F(Recovery, C33_AfterTheServersIdleTimeoutTheSessionIsNotAskedForAnyMore) {
  driver.start_stream();  // its server said 60 s
  push('a', 'a');
  lose(0);
  driver.pass(30s);
  engine().tick(driver.now);
  ASSERT_EQ(engine().wants(), Want::Connect);
  EXPECT_EQ(engine().state(), State::Reconnecting);
  engine().connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ETIMEDOUT, "no answer"}, driver.now);
  driver.pass(30s);
  engine().tick(driver.now);
  EXPECT_EQ(engine().state(), State::Connecting);
}

TEST_F(Recovery, C33_TheWindowForResumingCountsFromTheLossHoweverOftenItIsTried) {
  auto config = reconnecting();
  config.resume = wmhttp::Resume::Always;  // what does not last speaks against the session
  EngineDriver always(config);
  always.start_stream();
  const auto start = always.now;
  bool renewed = false;
  for (int i = 0; i < 40 && !renewed; ++i) {
    always.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                  always.now);
    always.now = always.engine.deadline();
    always.engine.tick(always.now);
    renewed = always.engine.state() == State::Connecting;
    EXPECT_EQ(renewed, always.now >= start + 60s);
    if (renewed) break;
    always.engine.connected(always.now);
    ASSERT_FALSE(always.packet());
    always.flush();
    always.pass(2s);  // and is dropped again
  }
  EXPECT_TRUE(renewed);
}

TEST_F(Recovery, C33_ARefusedConnectionMeansThatTheServersSessionIsGone) {
  driver.start_stream();
  push('a', 'a');
  lose(kFrame);
  driver.now = engine().deadline();
  engine().tick(driver.now);
  ASSERT_EQ(engine().state(), State::Reconnecting);
  engine().connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ECONNREFUSED, "refused"},
                          driver.now);
  come_back();
  EXPECT_THAT(next().header("Content-Type"), HasSubstr("pushsetup"));
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "Ha");
}

TEST_F(Recovery, C33_AProxyThatRefusesSaysNothingOfTheSession) {
  auto config = reconnecting();
  config.proxy = wmhttp::Destination{"proxy", 3128};
  EngineDriver through(config);
  through.start_stream();
  through.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                 through.now);
  through.now = through.engine.deadline();
  through.engine.tick(through.now);
  through.engine.connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ECONNREFUSED, "refused"},
                                through.now);
  through.now = through.engine.deadline();
  through.engine.tick(through.now);
  EXPECT_EQ(through.engine.state(), State::Reconnecting);
}

TEST_F(Recovery, C33_AResumedConnectionThatIsDroppedWithin5SecondsIsFollowedByANewSession) {
  driver.start_stream();
  push('a', 'a');
  lose(0);
  come_back();
  push('b', 'b');
  driver.pass(4s);
  lose(kFrame);
  come_back();
  EXPECT_THAT(next().header("Content-Type"), HasSubstr("pushsetup"));
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "Hb");
}

TEST_F(Recovery, C33_AServerThatStillHoldsTheSessionThatWasGivenUpGetsItResumed) {
  for (const char* status : {"409 Conflict", "404 Not Found"}) {
    EngineDriver held(reconnecting());
    const auto break_off = [&] {
      held.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                  held.now);
      held.now = held.engine.deadline();
      held.engine.tick(held.now);
      held.engine.connected(held.now);
    };
    held.start_stream();
    break_off();
    ASSERT_FALSE(held.packet());
    held.flush();
    break_off();  // at once: it looks as if the server did not know the session
    EXPECT_THAT(requests_in(held.flush()).at(0).head, HasSubstr("pushsetup"));
    held.answer(answer_with(status));
    held.now = held.engine.deadline();
    held.engine.tick(held.now);
    held.engine.connected(held.now);
    const SentRequest resumed = requests_in(held.flush()).at(0);
    EXPECT_THAT(resumed.head, HasSubstr("pushstart"));
    EXPECT_EQ(resumed.header("Cookie"), "push-id=4124758405");
  }
}

TEST_F(Recovery, C33_AResumedStreamThatLastedIsResumedAgain) {
  driver.start_stream();
  lose(0);
  come_back();
  push('a', 'a');
  driver.pass(5s);
  lose(0);
  come_back();
  EXPECT_EQ(engine().state(), State::Resuming);
}

TEST_F(Recovery, C21_C33_ANewPushIdInTheRefusalOfAResumeMeansANewSession) {
  driver.start_stream();
  push('a', 'b');
  lose(kFrame);
  come_back();
  EXPECT_EQ(content(next()), "b");
  driver.answer(
      "HTTP/1.1 401 Unauthorized\r\nServer: Rex/9\r\nWWW-Authenticate: Digest realm=\"r\", "
      "nonce=\"n\"\r\nSet-Cookie: push-id=99\r\nContent-Length: 0\r\n\r\n");
  EXPECT_LE(engine().deadline() - driver.now, 500ms) << "it need not be waited for";
  come_back();
  const SentRequest setup = next();
  EXPECT_THAT(setup.header("Content-Type"), HasSubstr("pushsetup"));
  EXPECT_EQ(setup.header("Cookie"), "push-id=0");
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "Hb");
  EXPECT_EQ(engine().packets_at_risk(), 0u);
}

TEST_F(Recovery, C33_WithResumeNeverEachLossIsFollowedByANewSession) {
  auto config = reconnecting();
  config.resume = wmhttp::Resume::Never;
  EngineDriver never(config);
  never.start_stream();
  never.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                               never.now);
  never.now = never.engine.deadline();
  never.engine.tick(never.now);
  EXPECT_EQ(never.engine.state(), State::Connecting);
}

TEST_F(Recovery, C33_A404OrA409AfterALossIsTriedAgainUntilTheServerMustHaveNoticedIt) {
  for (const char* status : {"404 Not Found", "409 Conflict"}) {
    auto config = reconnecting();
    config.resume = wmhttp::Resume::Never;
    EngineDriver held(config);
    held.start_stream();
    ASSERT_FALSE(held.packet(1000, 'a'));
    held.flush();
    const auto lost_at = held.now;
    held.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"}, held.now,
                                {kFrame, 0});
    for (int i = 0; i < 40 && held.engine.state() != State::Failed; ++i) {
      held.now = held.engine.deadline();
      held.engine.tick(held.now);
      held.engine.connected(held.now);
      held.flush();
      if (i % 2 == 1) {  // some only say so when the stream comes
        held.answer(kAccepted);
        EXPECT_EQ(content(requests_in(held.flush()).back()), "Ha");
      }
      held.answer(answer_with(status));
      EXPECT_EQ(held.engine.state() == State::Failed, held.now >= lost_at + 70s) << status;
    }
    EXPECT_EQ(held.engine.state(), State::Failed) << "there is an end to it";
    EXPECT_GE(held.now - lost_at, 70s);
    EXPECT_EQ(held.engine.packets_at_risk(), 1u);
  }
}

/// What it takes on each of them makes its time for the session begin anew.
TEST_F(Recovery, C33_A409AfterManyShortConnectionsIsTriedAgainUntilTheServerMustHaveNoticed) {
  auto config = reconnecting();
  config.reconnect_delay_max = 1s;
  EngineDriver flapping(config);
  flapping.start_stream();
  const auto come_again = [&] {
    flapping.now = flapping.engine.deadline();
    flapping.engine.tick(flapping.now);
    flapping.engine.connected(flapping.now);
    return requests_in(flapping.flush()).at(0).head;
  };
  const auto start = flapping.now;
  auto broke = start;
  while (flapping.now < broke + 55s) {
    broke = flapping.now;
    flapping.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                    flapping.now);
    while (come_again().find("pushsetup") != std::string::npos && flapping.now < broke + 55s) {
      flapping.answer(answer_with("409 Conflict"));
      ASSERT_NE(flapping.engine.state(), State::Failed) << (flapping.now - broke).count();
    }
    ASSERT_FALSE(flapping.packet());
    flapping.flush();
    flapping.pass(500ms);
  }
  EXPECT_GT(broke, start + 50s) << "until then the session was resumed again and again";
  EXPECT_EQ(flapping.engine.state(), State::SettingUp);
  flapping.answer(kAccepted);
  EXPECT_THAT(content(requests_in(flapping.flush()).back()), StartsWith("H"));
}

TEST_F(Recovery, C33_A404InAStreamThatCameBackAndLastedIsTheEnd) {
  driver.start_stream();
  lose(0);
  come_back();
  push('a', 'a');
  driver.pass(6s);
  driver.answer(answer_with("404 Not Found"));
  EXPECT_NE(engine().state(), State::Streaming);
}

TEST_F(Recovery, C33_ARefusalForNowIsTriedAgainWithTheSameSession) {
  driver.start_stream();
  push('a', 'b');
  lose(kFrame);
  for (const char* status : {"409 Conflict", "503 Service Unavailable"}) {
    come_back();
    const SentRequest resumed = next();
    EXPECT_EQ(content(resumed), "b");
    EXPECT_EQ(resumed.header("Cookie"), "push-id=4124758405");
    driver.answer(answer_with(status));
  }
  come_back();
  EXPECT_EQ(content(next()), "b");
  EXPECT_EQ(engine().packets_sent(), 2u);
}

TEST_F(Recovery, C33_AServersDisconnectInMidStreamIsFollowedByAnotherTry) {
  driver.start_stream();
  push('a', 'b');
  driver.answer(answer_with("503 Service Unavailable"));
  come_back();
  driver.flush();
  driver.answer(kGone);
  come_back();
  EXPECT_EQ(next().header("Cookie"), "push-id=0");
}

TEST_F(Recovery, C33_ARefusalForGoodIsTheEnd) {
  driver.start_stream();
  driver.answer(answer_with("403 Forbidden"));
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(engine().error().http_status, 403);
}

TEST_F(Recovery, C33_ANewSessionThatIsRefusedForGoodIsTheEnd) {
  driver.start_stream();
  push('a', 'a');
  lose(kFrame);
  come_back();
  driver.flush();
  driver.answer(kGone);
  come_back();
  driver.flush();
  driver.answer(answer_with("403 Forbidden"));
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(engine().error().result, Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_EQ(engine().packets_at_risk(), 1u);  // 'a' will not go out any more
}

TEST_F(Recovery, C33_TheWaitsGrowWithJitterUpToTheLimit) {
  driver.start_stream();
  push('a', 'a');
  lose(0);
  std::vector<Clock::duration> waits;
  for (int i = 0; i < 12; ++i) {
    const auto before = driver.now;
    driver.now = engine().deadline();
    waits.push_back(driver.now - before);
    engine().tick(driver.now);
    engine().connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ECONNREFUSED, "refused"},
                            driver.now);
  }
  Clock::duration longest = 500ms;
  for (const auto wait : waits) {
    EXPECT_GE(wait, longest / 2);
    EXPECT_LE(wait, longest);
    longest = std::min<Clock::duration>(2 * longest, 30s);
  }
  auto other_config = reconnecting();
  other_config.jitter_seed = 2;
  EngineDriver other(other_config);
  other.start_stream();
  other.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, ""}, other.now);
  EXPECT_NE(other.engine.deadline() - other.now, waits[0]);
}

TEST_F(Recovery, C33_TheTriesInARowAreLimitedAndCountAnewAfterAStreamThatLasted) {
  auto config = reconnecting();
  config.reconnect_max_retries = 2;
  config.resume = wmhttp::Resume::Always;
  EngineDriver limited(config);
  const auto lose_it = [&] {
    limited.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                   limited.now);
  };
  const auto back_with_data = [&] {
    limited.now = limited.engine.deadline();
    limited.engine.tick(limited.now);
    limited.engine.connected(limited.now);
    limited.flush();
    ASSERT_FALSE(limited.packet());
    limited.flush();
  };
  limited.start_stream();
  lose_it();
  back_with_data();
  limited.pass(6s);
  for (int i = 0; i < 2; ++i) {
    lose_it();
    back_with_data();
  }
  lose_it();
  EXPECT_EQ(limited.engine.state(), State::Failed);
  EXPECT_THAT(limited.engine.error().message, AllOf(HasSubstr("reset"), HasSubstr("2 attempts")));
}

TEST_F(Recovery, C33_AnEndOfStreamThatWasNotConfirmedIsSentAgain) {
  driver.start_stream();
  push('a', 'b');
  ASSERT_FALSE(engine().end(0, driver.now));
  driver.flush();
  lose(8 + kFrame);
  come_back();
  EXPECT_EQ(content(next()), "bE");
  engine().peer_closed(driver.now);
  EXPECT_EQ(engine().state(), State::Ended);
}

TEST_F(Recovery, C33_AnEndOfStreamThatMayHaveBeenReadIsSentAgainToAServerThatHasTheSession) {
  driver.start_stream();
  push('a', 'a');
  ASSERT_FALSE(engine().end(0x80004005, driver.now));
  driver.flush();
  lose(0);
  come_back();
  const SentRequest resumed = next();
  EXPECT_EQ(content(resumed), "E");
  EXPECT_EQ(frames_in(resumed.body)[0].reason, 0x80004005);
  engine().peer_closed(driver.now);
  EXPECT_EQ(engine().state(), State::Ended);
}

TEST_F(Recovery, C33_NoNewSessionIsMadeOnlyToBeEnded) {
  driver.start_stream();
  push('a', 'a');
  ASSERT_FALSE(engine().end(0, driver.now));
  driver.flush();
  lose(0);
  come_back();
  EXPECT_EQ(content(next()), "E");
  driver.answer(kGone);
  driver.now = engine().deadline();
  engine().tick(driver.now);
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(engine().error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(engine().error().message, HasSubstr("reset"));
}

TEST_F(Recovery, C33_TheEndHasItsTimeoutHoweverOftenTheConnectionIsTried) {
  driver.start_stream();
  push('a', 'a');
  ASSERT_FALSE(engine().end(0, driver.now));
  lose(kFrame);
  const auto until = driver.now + 5s;
  for (int i = 0; i < 20 && engine().state() != State::Failed; ++i) {
    ASSERT_LE(engine().deadline(), until);
    driver.now = engine().deadline();
    engine().tick(driver.now);
    if (engine().wants() == Want::Connect)
      engine().connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ECONNREFUSED, "refused"},
                              driver.now);
  }
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(driver.now, until);
  EXPECT_EQ(engine().error().result, Result::NS_E_CONNECTION_FAILURE);
  EXPECT_THAT(engine().error().message, HasSubstr("refused"));
}

TEST_F(Recovery, C33_APlaylistGoesOnWithTheHeaderThatIsInForceWhereItWasLost) {
  driver.start_stream();
  push('a', 'b');
  begin_next_entry();
  push('x', 'x');
  lose(kFrame + 8 + 50 + 8 + kFrame);  // from 'b' on
  come_back();
  EXPECT_EQ(content(next()), "bECx");
  const SentRequest renewed = renew();
  EXPECT_EQ(content(renewed), "HbECx");
  EXPECT_EQ(frames_in(renewed.body)[0].payload, std::string(100, 'h'));
  EXPECT_EQ(frames_in(renewed.body)[3].payload, std::string(50, 'n'));
}

TEST_F(Recovery, C33_ANewSessionThatBeginsWithTheNextEntryHasItsHeaderInH) {
  driver.start_stream();
  push('a', 'a');
  begin_next_entry();
  push('x', 'x');
  lose(50 + 8 + kFrame);
  come_back();
  EXPECT_EQ(content(next()), "Cx");
  const SentRequest renewed = renew();
  EXPECT_EQ(content(renewed), "Hx");
  EXPECT_EQ(frames_in(renewed.body)[0].payload, std::string(50, 'n'));
}

TEST_F(Recovery, C33_ANewSessionOfAnEntryThatWasToBeginAndIsToEndHasItsHeaderOnce) {
  auto config = reconnecting();
  config.resume = wmhttp::Resume::Never;
  // Room for the first header and three packets, and none for the $E(1).
  config.content_length = 4 + 100 + 3 * 1004 + 4;
  EngineDriver small(config);
  small.start_stream(100, 1000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(small.packet());
    small.flush();
  }
  small.header_bytes.assign(50, std::byte{'n'});
  ASSERT_FALSE(small.engine.header(small.header_bytes, {1000, 0}, small.now));
  small.flush();
  ASSERT_EQ(small.engine.state(), State::RollingOver);
  small.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"}, small.now,
                               {0, 0});
  ASSERT_EQ(small.engine.state(), State::Waiting);
  ASSERT_FALSE(small.engine.end(0, small.now));
  small.now = small.engine.deadline();
  small.engine.tick(small.now);
  small.engine.connected(small.now);
  small.flush();
  small.answer(kAccepted);
  EXPECT_EQ(content(requests_in(small.flush()).at(0)), "HE");
}

TEST_F(Recovery, C33_WhatIsSentAgainRollsOverLikeAnythingElse) {
  auto config = reconnecting();
  config.content_length = 4000;
  EngineDriver small(config);
  small.start_stream();
  std::string sent;
  small.wire.clear();
  for (char mark = 'a'; mark <= 'b'; ++mark) {
    ASSERT_FALSE(small.packet(1000, mark));
    small.flush();
  }
  ASSERT_FALSE(small.packet(1000, 'c'));
  small.flush();
  small.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"}, small.now,
                               {3 * kFrame, 0});
  small.now = small.engine.deadline();
  small.engine.tick(small.now);
  small.engine.connected(small.now);
  small.wire.clear();
  small.flush();
  for (char mark = 'd'; mark <= 'g'; ++mark) {
    ASSERT_FALSE(small.packet(1000, mark)) << small.engine.error().message;
    small.flush();
    while (small.engine.state() == State::RollingOver) {
      small.answer(kNextPlease);
      small.flush();
    }
  }
  for (const SentRequest& request : requests_in(small.wire))
    for (const SentFrame& frame : frames_in(request.body))
      if (frame.id == wmhttp::FrameId::Data) sent += frame.payload[0];
  EXPECT_EQ(sent, "abcdefg");
  EXPECT_EQ(small.engine.packets_sent(), 7u);
  EXPECT_EQ(small.engine.packets_resent(), 3u);
}

TEST_F(Recovery, C33_WhatThePeersProgramMayNotHaveReadIsCountedAsAtRisk) {
  driver.start_stream();
  push('a', 'f');
  lose(kFrame, 2 * kFrame + 10);  // 'f' is here; of 'c', 'd' and 'e' something may be unread
  EXPECT_EQ(engine().packets_at_risk(), 3u);
  come_back();
  EXPECT_EQ(content(next()), "f");
}

TEST_F(Recovery, C33_AnAnswerAtARolloverShowsThatEverythingBeforeItWasRead) {
  auto config = reconnecting();
  config.content_length = 4000;
  EngineDriver small(config);
  small.start_stream();
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(small.packet());
    small.flush();
  }
  ASSERT_EQ(small.engine.state(), State::RollingOver);
  small.answer(kNextPlease);
  small.flush();
  small.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                               small.now);  // nothing is known of what was read
  EXPECT_EQ(small.engine.packets_at_risk(), 1u);
}

TEST_F(Recovery, C33_OfWhatIsConfirmedNothingIsKept) {
  driver.start_stream();
  const auto push_much = [&](int packets) {
    for (int i = 0; i < packets; ++i) {
      ASSERT_FALSE(driver.packet());
      driver.flush();
      driver.wire.clear();
      if (engine().wants_delivery()) engine().delivered({kFrame, 0});
    }
  };
  push_much(2000);
  lose(3 * kFrame);
  come_back();
  EXPECT_EQ(content(next()), "ddd");
  EXPECT_EQ(engine().packets_at_risk(), 0u);
}

TEST_F(Recovery, C33_WhatIsNotConfirmedIsKeptUpToALimitAndTheRestIsAtRisk) {
  driver.start_stream();
  constexpr int kPackets = 20000;  // 20 MB: more than kMaxUnacknowledged
  for (int i = 0; i < kPackets; ++i) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
    driver.wire.clear();
    if (engine().wants_delivery()) engine().delivered({kPackets * kFrame, 0});
  }
  lose(kPackets * kFrame);
  come_back();
  driver.flush();
  EXPECT_EQ(engine().packets_resent() + engine().packets_at_risk(), std::uint64_t{kPackets});
  EXPECT_LE(engine().packets_resent() * 1000, wmhttp::kMaxUnacknowledged);
  EXPECT_GT(engine().packets_at_risk(), 0u);
}

TEST_F(Recovery, C33_AStalledPeerIsLeftAndTheStreamGoesOnElsewhere) {
  driver.start_stream();
  push('a', 'a');
  ASSERT_FALSE(driver.packet(1000, 'b'));
  driver.pass(10s);
  engine().tick(driver.now, {.unacknowledged = 0, .unread = kFrame});
  EXPECT_EQ(engine().packets_at_risk(), 1u);
  come_back();
  EXPECT_EQ(content(next()), "b");
}

TEST_F(Recovery, C33_AnInterruptEndsTheWait) {
  driver.start_stream();
  lose(0);
  engine().abandon({Result::NS_E_SHUTDOWN, 0, 0, "interrupted"});
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(engine().error().result, Result::NS_E_SHUTDOWN);
}

TEST_F(Recovery, C33_ABreakDuringTheNewSetupIsTriedAgain) {
  driver.start_stream();
  push('a', 'a');
  lose(kFrame);
  come_back();
  driver.flush();
  driver.answer(kGone);
  come_back();
  driver.flush();
  engine().peer_closed(driver.now);
  come_back();
  driver.flush();
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "Ha");
}

TEST_F(Recovery, C33_AFailureLongAfterAResumeDoesNotRepeatWhatWasTaken) {
  driver.start_stream();
  push('a', 'b');
  lose(kFrame);
  come_back();
  EXPECT_EQ(content(next()), "b");
  push('c', 'e');
  driver.pass(2s);
  engine().received(as_bytes(answer_with("503 Service Unavailable")), driver.now, {kFrame, kFrame});
  EXPECT_EQ(engine().packets_at_risk(), 1u);
  come_back();
  EXPECT_EQ(content(next()), "e");
}

TEST_F(Recovery, C33_ASessionThatIsRefusedAfterMuchWasSentGoesOnInANewOne) {
  driver.start_stream();
  push('a', 'a');
  lose(0);
  come_back();
  constexpr int kPackets = 9000;  // more than can be repeated
  for (int i = 0; i < kPackets; ++i) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
    if (engine().wants_delivery()) engine().delivered({});
  }
  driver.wire.clear();
  driver.answer(kGone);
  EXPECT_EQ(engine().packets_at_risk(), std::uint64_t{kPackets});
  come_back();
  EXPECT_EQ(next().header("Cookie"), "push-id=0");
}

TEST_F(Recovery, C33_AnEndThatComesDuringTheWaitIsSentWithTheRestAndHasItsTimeout) {
  driver.start_stream();
  push('a', 'b');
  lose(kFrame);
  ASSERT_FALSE(engine().end(0, driver.now));
  EXPECT_EQ(engine().end(0, driver.now).result, Result::NS_E_NOCONNECTION);
  EXPECT_LE(engine().deadline(), driver.now + 5s);
  come_back();
  EXPECT_EQ(content(next()), "bE");
  engine().peer_closed(driver.now);
  EXPECT_EQ(engine().state(), State::Ended);
}

TEST_F(Recovery, C27_C33_ARolloverThatIsNotAnsweredLosesNothingThatWasNotConfirmed) {
  auto config = reconnecting();
  config.content_length = 4000;
  EngineDriver small(config);
  small.start_stream();
  for (char mark = 'a'; mark <= 'c'; ++mark) {
    ASSERT_FALSE(small.packet(1000, mark));
    small.flush();
  }
  ASSERT_FALSE(small.packet(1000, 'd'));
  small.flush();
  ASSERT_EQ(small.engine.state(), State::RollingOver);
  small.pass(10s);
  small.engine.tick(small.now, {.unacknowledged = 4000, .unread = 0});
  small.now = small.engine.deadline();
  small.engine.tick(small.now);
  ASSERT_EQ(small.engine.state(), State::Connecting);
  small.engine.connected(small.now);
  small.flush();
  small.wire.clear();
  small.answer(kAccepted);
  std::string sent;
  small.flush();
  while (small.engine.state() == State::RollingOver) {
    small.answer(kNextPlease);
    small.flush();
  }
  for (const SentRequest& request : requests_in(small.wire)) sent += content(request);
  std::erase(sent, 'F');
  EXPECT_EQ(sent, "Habcd");
}

TEST_F(Recovery, C33_AServersOwnRefusalBehindAProxyIsNoProxysFarewell) {
  driver.set_up(
      "HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nVia: 1.1 p\r\nContent-Length: 0\r\n"
      "Set-Cookie: push-id=7\r\n\r\n");
  ASSERT_FALSE(driver.header());
  driver.flush();
  push('a', 'b');
  ASSERT_FALSE(engine().end(0, driver.now));
  driver.flush();
  lose(8 + kFrame);
  come_back();
  EXPECT_EQ(content(next()), "bE");
  driver.answer(kGone);
  EXPECT_EQ(engine().state(), State::Waiting);
}

TEST_F(Recovery, C33_AHeaderOfLongAgoDoesNotComeBack) {
  driver.start_stream();
  push('a', 'a');
  for (int i = 0; i < 2; ++i) {
    lose(0);
    come_back();
    driver.flush();
    driver.pass(6s);
  }
  push('b', 'b');
  begin_next_entry();
  push('x', 'x');
  lose(0);
  come_back();
  driver.flush();
  const SentRequest renewed = renew();
  EXPECT_EQ(content(renewed), "H");
  EXPECT_EQ(frames_in(renewed.body)[0].payload, std::string(50, 'n'));
}

TEST_F(Recovery, C33_AConnectionThatFailsAtARolloverLeavesTheSessionItsTime) {
  auto config = reconnecting();
  config.content_length = 4000;
  EngineDriver small(config);
  small.start_stream();
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(small.packet());
    small.flush();
  }
  small.answer("HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(small.engine.state(), State::Reconnecting);
  small.engine.connect_failed({Result::NS_E_PUSH_CANNOTCONNECT, 0, ETIMEDOUT, "no answer"},
                              small.now);
  EXPECT_TRUE(small.engine.recovering());
  small.now = small.engine.deadline();
  small.engine.tick(small.now);
  EXPECT_EQ(small.engine.state(), State::Reconnecting);
}

TEST_F(Recovery, C33_LargerFramesOfAnEarlierEntryFindRoomInAPushStart) {
  auto config = reconnecting();
  config.content_length = 1000;
  EngineDriver small(config);
  small.start_stream(100, 5000);
  ASSERT_FALSE(small.packet(5000, 'a'));
  small.flush();
  small.header_bytes.assign(50, std::byte{'n'});
  ASSERT_FALSE(small.engine.header(small.header_bytes, {500, 0}, small.now));
  small.flush();
  while (small.engine.state() == State::RollingOver) {
    small.answer(kNextPlease);
    small.flush();
  }
  small.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, ""}, small.now,
                               {100000, 0});
  for (int i = 0; i < 3 && small.engine.state() != State::Resuming; ++i) {
    small.now = small.engine.deadline();
    small.engine.tick(small.now);
    if (small.engine.wants() == Want::Connect) small.engine.connected(small.now);
  }
  small.wire.clear();
  small.flush();
  for (int i = 0; i < 5 && small.engine.state() == State::RollingOver; ++i) {
    small.answer(kNextPlease);
    small.flush();
  }
  EXPECT_EQ(small.engine.state(), State::Streaming);
}

TEST_F(Recovery, C33_AFailureForGoodCountsWhatMayNotHaveArrived) {
  driver.start_stream();
  push('a', 'd');
  engine().received(as_bytes(answer_with("403 Forbidden")), driver.now, {2 * kFrame, kFrame});
  EXPECT_EQ(engine().state(), State::Failed);
  EXPECT_EQ(engine().packets_at_risk(), 3u);
}

TEST_F(Recovery, C33_WhatIsQueuedBehindAnEarlyAnswerThatClosesStillGoesOut) {
  auto config = reconnecting();
  config.content_length = 4000;
  EngineDriver small(config);
  small.start_stream(100, 1000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(small.packet());
    small.flush();
  }
  small.answer("HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nConnection: close\r\n\r\n");
  small.header_bytes.assign(3000, std::byte{'n'});
  small.wire.clear();
  ASSERT_FALSE(small.engine.header(small.header_bytes, {1000, 0}, small.now));
  const std::string rest = small.flush();
  EXPECT_EQ(ids(frames_in(rest)), "EF");
  ASSERT_EQ(small.engine.state(), State::Reconnecting);
  small.engine.connected(small.now);
  small.wire.clear();
  small.flush();
  EXPECT_EQ(content(requests_in(small.wire).back()), "C");
}

TEST_F(Recovery, C33_AServerThatForgetsASessionBeforeItsStreamBeginsGetsANewOne) {
  driver.set_up();
  engine().peer_closed(driver.now);
  ASSERT_FALSE(driver.header());
  ASSERT_EQ(engine().wants(), Want::Connect);
  engine().connected(driver.now);
  EXPECT_EQ(content(next()), "H");
  driver.answer(kGone);
  come_back();
  EXPECT_EQ(next().header("Cookie"), "push-id=0");
  driver.answer(kAccepted);
  EXPECT_EQ(content(next()), "H");
}

TEST_F(Recovery, C23_C33_EveryNewSessionBeginsWhereTheUserSaidAndMayBeRedirected) {
  constexpr std::string_view kElsewhere =
      "HTTP/1.1 302 Found\r\nLocation: http://other/live\r\nContent-Length: 0\r\n\r\n";
  driver.set_up(kElsewhere);
  for (int i = 0; i < 12; ++i) {  // more often than redirects in a row may be
    EXPECT_EQ(engine().destination().host, "other");
    engine().connected(driver.now);
    driver.flush();
    driver.answer(kAccepted);
    if (i == 0) {
      ASSERT_FALSE(driver.header());
    }
    driver.flush();
    driver.pass(6s);
    lose(0);
    come_back();
    driver.flush();
    driver.answer(kGone);
    ASSERT_EQ(engine().state(), State::Waiting) << engine().error().message;
    driver.now = engine().deadline();
    engine().tick(driver.now);
    ASSERT_EQ(engine().wants(), Want::Connect);
    EXPECT_EQ(engine().destination().host, "server");
    engine().connected(driver.now);
    driver.flush();
    driver.answer(kElsewhere);
  }
}

}  // namespace
}  // namespace wmpush::test
