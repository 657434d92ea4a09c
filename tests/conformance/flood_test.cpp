// A peer that never stops: what the engine takes of it, and how the session then ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using State = EngineDriver::State;
using Want = EngineDriver::Want;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string with_fields(const std::string& fields) {
  std::string answer(kAccepted);
  return answer.insert(answer.size() - 2, fields);
}

std::string times(std::size_t count, const std::function<std::string(std::size_t)>& each) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += each(i);
  return text;
}

std::string cookie(std::size_t number, std::size_t size = 1) {
  return "Set-Cookie: c" + std::to_string(number) + "=" + std::string(size, 'x') + "\r\n";
}

/// Something that a peer says again and again, and what is said of it.
struct Flood {
  const char* name;
  std::string first;
  std::function<std::string(std::size_t)> next;
  std::string complaint;
};

void PrintTo(const Flood& flood, std::ostream* out) { *out << flood.name; }

std::vector<Flood> floods() {
  return {
      {"Interim", "", [](std::size_t) { return std::string(kContinue); },
       "more than 1000 responses of the kind '100 Continue'"},
      {"Success", "", [](std::size_t) { return std::string(kAccepted); },
       "more than 32 responses to one request"},
      {"HeaderFields", "HTTP/1.1 204 No Content\r\n", [](std::size_t) { return "a: b\r\n"; },
       "a response head of more than 65536 bytes"},
      {"OneLine", "HTTP/1.1 204 No Content\r\nServer: ", [](std::size_t) { return "x"; },
       "a response head of more than 65536 bytes"},
      {"Cookies", "", [](std::size_t i) { return with_fields(cookie(2 * i) + cookie(2 * i + 1)); },
       "more than 50 cookies"},
      {"LargeCookies", "", [](std::size_t i) { return with_fields(cookie(i, 3000)); },
       "16384 are the most"},
      {"Body", "HTTP/1.1 200 OK\r\nServer: Cougar/9.6\r\nContent-Length: 9000000000000\r\n\r\n",
       [](std::size_t) { return std::string(16384, 'b'); },
       "a response body of more than 1048576 bytes"},
      {"ChunkedBody", "HTTP/1.1 200 OK\r\nServer: Cougar/9.6\r\nTransfer-Encoding: chunked\r\n\r\n",
       [](std::size_t) { return "1000\r\n" + std::string(4096, 'b') + "\r\n"; },
       "a response body of more than 1048576 bytes"},
  };
}

class FloodTest : public ::testing::TestWithParam<Flood> {
 protected:
  /// Lets the peer send until the session is over; the bytes that it took.
  std::size_t flood(EngineDriver& driver) {
    constexpr std::size_t kMost = 2'000'000;
    driver.answer(GetParam().first);
    std::size_t total = GetParam().first.size();
    for (std::size_t i = 0; total < kMost && driver.engine.state() != State::Failed; ++i) {
      const std::string text = GetParam().next(i);
      total += text.size();
      driver.answer(text);
      notes += driver.engine.take_notes().size();
    }
    return total;
  }

  void expect_refused(EngineDriver& driver) {
    flood(driver);
    const Error& error = driver.engine.error();
    EXPECT_EQ(driver.engine.state(), State::Failed);
    EXPECT_EQ(error.result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER);
    EXPECT_THAT(error.message, HasSubstr(GetParam().complaint));
    EXPECT_LE(notes, 10u);
  }

  std::size_t notes = 0;
};

INSTANTIATE_TEST_SUITE_P(Of, FloodTest, testing::ValuesIn(floods()),
                         [](const auto& flood) { return std::string(flood.param.name); });

TEST_P(FloodTest, EndsTheSessionInsteadOfItsSetup) {
  EngineDriver driver;
  static_cast<void>(driver.engine.start(driver.now));
  driver.engine.connected(driver.now);
  driver.flush();
  expect_refused(driver);
}

TEST_P(FloodTest, EndsTheSessionThatWaitsForAHeader) {
  EngineDriver driver;
  driver.set_up();
  expect_refused(driver);
}

TEST_P(FloodTest, EndsTheSessionInTheMiddleOfABody) {
  EngineDriver driver;
  driver.start_stream();
  ASSERT_FALSE(driver.packet());
  driver.flush();
  expect_refused(driver);
}

TEST_P(FloodTest, EndsTheSessionThatConnectsAgainToo) {
  auto config = engine_config();
  config.reconnect = true;
  config.reconnect_delay_max = 1s;
  EngineDriver driver(config);
  driver.start_stream();
  driver.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                driver.now);
  driver.now = driver.engine.deadline();
  driver.engine.tick(driver.now);
  driver.engine.connected(driver.now);
  driver.flush();
  expect_refused(driver);
}

TEST(FloodLimits, AHeadMayHave256FieldsAndNotMore) {
  const auto fields = [](std::size_t count) {
    return "HTTP/1.1 204 No Content\r\nServer: Rex/9\r\n" +
           times(count - 1, [](std::size_t) { return "a: b\r\n"; }) + "\r\n";
  };
  EngineDriver driver;
  driver.set_up(fields(256));
  EXPECT_EQ(driver.engine.state(), State::Ready);
  EngineDriver more;
  more.set_up(fields(257));
  EXPECT_EQ(more.engine.error().result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER);
  EXPECT_THAT(more.engine.error().message, HasSubstr("more than 256 header fields"));
}

TEST(FloodLimits, AThousandInterimResponsesMayPrecedeEachAnswer) {
  auto config = engine_config();
  config.content_length = 4000;
  EngineDriver driver(config);
  const std::string interim = times(1000, [](std::size_t) { return std::string(kContinue); });
  driver.set_up(interim + std::string(kAccepted));
  ASSERT_EQ(driver.engine.state(), State::Ready);
  ASSERT_FALSE(driver.header());
  driver.flush();
  driver.answer(interim + std::string(kNextPlease));
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  driver.answer(std::string(kContinue));
  EXPECT_EQ(driver.engine.state(), State::Streaming);
}

TEST(FloodLimits, FiftyCookiesAreKeptAndOneThatIsSetAnewIsNoFurtherOne) {
  EngineDriver driver;
  driver.set_up(with_fields(times(50, [](std::size_t i) { return cookie(i); })));
  ASSERT_EQ(driver.engine.state(), State::Ready);
  ASSERT_FALSE(driver.header());
  const auto start = requests_in(driver.flush());
  ASSERT_EQ(start.size(), 1u);
  EXPECT_THAT(start[0].header("Cookie"), HasSubstr("; c49=x"));
  driver.answer(with_fields(times(50, [](std::size_t i) { return cookie(i, 2); })));
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  driver.answer(with_fields(cookie(50)));
  EXPECT_THAT(driver.engine.error().message, HasSubstr("more than 50 cookies"));
}

TEST(FloodLimits, AnswersAreCountedForEachRequestAnew) {
  auto config = engine_config();
  config.content_length = 4000;
  EngineDriver driver(config);
  driver.start_stream();
  std::size_t rollovers = 0;
  for (int i = 0; i < 300; ++i) {
    ASSERT_FALSE(driver.packet()) << driver.engine.error().message;
    driver.flush();
    if (driver.engine.state() != State::RollingOver) continue;
    ++rollovers;
    driver.answer(kNextPlease);
    driver.flush();
  }
  EXPECT_GT(rollovers, wmhttp::kMaxResponses);
}

TEST(FloodLimits, ASecondAnswerToOneRequestIsToldOnceAndFurtherOnesNot) {
  EngineDriver driver;
  driver.start_stream();
  driver.engine.take_notes();
  for (int i = 0; i < 10; ++i) driver.answer(kNextPlease);
  std::string text;
  for (const auto& note : driver.engine.take_notes()) text += note.text + "\n";
  EXPECT_EQ(text,
            "the server answered 204 No Content\n"
            "the server answered once more, 204 No Content, without having been asked: further "
            "answers of this kind are not told\n");
}

TEST(Drip, InterimResponsesDoNotPutTheDeadlineOfTheAnswerOff) {
  EngineDriver driver;
  static_cast<void>(driver.engine.start(driver.now));
  driver.engine.connected(driver.now);
  driver.flush();
  const wmhttp::Time deadline = driver.engine.deadline();
  EXPECT_EQ(deadline, driver.now + 15s);
  while (driver.now < deadline) {
    EXPECT_EQ(driver.engine.state(), State::SettingUp);
    driver.pass(100ms);
    driver.answer(kContinue);
    driver.engine.tick(driver.now);
  }
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_TIMEOUT);
}

TEST(Drip, AnAnswerThatComesByteByByteHasNoMoreTimeThanAnyOther) {
  auto config = engine_config();
  config.content_length = 4000;
  EngineDriver driver(config);
  driver.start_stream();
  while (driver.engine.state() == State::Streaming) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
  }
  ASSERT_EQ(driver.engine.state(), State::RollingOver);
  const wmhttp::Time deadline = driver.engine.deadline();
  EXPECT_EQ(deadline, driver.now + 10s);
  driver.answer("HTTP/1.1 204 No Content\r\nServer: ");
  while (driver.now < deadline) {
    EXPECT_EQ(driver.engine.state(), State::RollingOver);
    driver.pass(100ms);
    driver.answer("x");
    driver.engine.tick(driver.now);
  }
  EXPECT_EQ(driver.engine.wants(), Want::Connect);  // a session of its own goes on
}

TEST(PeersNumbers, C33_AnIdleTimeoutThatNobodyCanCountIsTheLongestThatCounts) {
  for (const char* text : {"9223372036854775807", "9223372036854775808", "99999999999999999999999",
                           "2147483648", "2147483647"}) {
    auto config = engine_config();
    config.reconnect = true;
    config.reconnect_delay_max = 1s;
    EngineDriver driver(config);
    driver.set_up(
        "HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nSet-Cookie: push-id=7\r\nPragma: "
        "no-cache, timeout=" +
        std::string(text) + "\r\n\r\n");
    EXPECT_EQ(driver.engine.setup_response().timeout, 2147483647ms) << text;
    ASSERT_FALSE(driver.header());
    driver.flush();
    driver.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                  driver.now);
    driver.now = driver.engine.deadline();
    driver.engine.tick(driver.now);
    EXPECT_EQ(driver.engine.state(), State::Reconnecting) << text;  // and not to be set up anew
  }
}

TEST(PeersNumbers, C33_AnIdleTimeoutThatIsNoneIsNotTaken) {
  for (const char* text : {"-9223372036854775809", "-1", "0", "", "x"}) {
    EngineDriver driver;
    driver.set_up("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nPragma: timeout=" +
                  std::string(text) + "\r\n\r\n");
    EXPECT_EQ(driver.engine.setup_response().timeout, std::nullopt) << text;
  }
}

}  // namespace
}  // namespace wmpush::test
