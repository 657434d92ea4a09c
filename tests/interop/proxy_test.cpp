// Pushes through real proxies, all of them with the same demands: everything arrives, once and in
// order, with the end; and what the server says reaches the user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/arrangement.hpp"
#include "interop/nginx.hpp"
#include "interop/push_test.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;

class ProxyTest : public PushTest, public ::testing::WithParamInterface<Arrangement> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << "no " << GetParam().missing;
    options.end_timeout = 1'000'000;  // Apache says nothing at the end
  }
  /// The proxy, and behind it a publishing point.
  void serve(pubpoint::Settings settings = {}) {
    if (GetParam().tls_at_origin()) settings.tls = certificates.server();
    listen(std::move(settings));
    proxy = GetParam().start(folder.path(), point->port());
    http_proxy = GetParam().http_proxy(*proxy, kProxyPassword);
    if (!http_proxy.empty()) options.http_proxy = http_proxy.c_str();
  }
  std::string url(const std::string& path = "/live") const {
    return GetParam().url(*proxy, origin_port(GetParam()), path);
  }
  Result push(const NumberedStream& stream, const std::string& path = "/live") {
    return PushTest::push(url(path), stream.asf());
  }
  std::string said() const { return PushTest::said() + proxy->log(); }

  /// What becomes of a push that goes on, packet by packet, until something stops it.
  Result push_until_stopped(PushSink& sink, const NumberedStream& stream) {
    const auto limit = std::chrono::steady_clock::now() + 10s;
    Result result = Result::S_OK;
    for (std::uint32_t number = 0; succeeded(result) && number < stream.packets(); ++number) {
      result = sink.OnDataUnit(stream.packet(number));
      if (succeeded(result)) result = sink.wait_until(std::chrono::steady_clock::now() + 20ms);
      if (std::chrono::steady_clock::now() > limit) break;
    }
    if (succeeded(result)) result = sink.EndSession();
    message = sink.last_error().message;
    return result;
  }

  std::unique_ptr<Proxy> proxy;
  std::string http_proxy;
};

INSTANTIATE_TEST_SUITE_P(Through, ProxyTest, ::testing::ValuesIn(arrangements()),
                         [](const auto& test) { return test.param.name; });

TEST_P(ProxyTest, DeliversAPushWithItsEnd) {
  serve();
  const NumberedStream stream(300);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
  expect_unsaid(kProxyPassword);
}

TEST_P(ProxyTest, C30_TakesAnAnswerToTheEndForTheEnd) {
  habits.answer_end = true;
  serve();
  const NumberedStream stream(30);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_P(ProxyTest, C27_RollsOverTwoHundredTimes) {
  constexpr std::uint32_t kTimes = 200;
  constexpr std::uint32_t kLength = 70'000;
  constexpr std::uint32_t kPacket = 3200;
  serve();
  options.content_length = kLength;
  const NumberedStream stream((kTimes + 1) * kLength / (kPacket - 150), kPacket);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
  EXPECT_GT(session().push_starts, kTimes);
}

TEST_P(ProxyTest, C09_APushStartHasSixtySecondsOfTheStreamWhereAProxyIsKnown) {
  serve();
  // A minute of it are 60,000 bytes.
  const NumberedStream stream(150, 1400, 8000);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
  if (GetParam().shows_itself)
    EXPECT_EQ(session().push_starts, 4u);
  else
    EXPECT_EQ(session().push_starts, 1u);
}

TEST_P(ProxyTest, C08_ATemplateIsCopied) {
  serve();
  options.template_url = "/live";
  options.auto_destroy = 1;
  const NumberedStream stream(30);
  EXPECT_EQ(push(stream, "/new"), Result::S_OK) << said();
  expect_delivered(stream);
  EXPECT_EQ(session().point, "/new");
  EXPECT_EQ(point->points(), std::vector<std::string>{"/live"});
}

TEST_P(ProxyTest, C24_WhatAPushSetupIsRefusedForIsItsResult) {
  serve();
  const NumberedStream stream(30);
  EXPECT_EQ(push(stream, "/nothing"), Result::NS_E_INVALID_PUSH_PUBLISHING_POINT) << said();

  PushSink first(options);
  ASSERT_EQ(first.Connect(url()), Result::S_OK) << said();
  ASSERT_EQ(first.OnHeader(stream.header()), Result::S_OK);
  // Some proxies pass on nothing of a body before there are some kilobytes of it.
  for (std::uint32_t number = 0; number < stream.packets(); ++number)
    ASSERT_EQ(first.OnDataUnit(stream.packet(number)), Result::S_OK);
  ASSERT_TRUE(point->wait_for([&] { return session().receiving; })) << said();
  EXPECT_EQ(push(stream), Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME) << said();
}

TEST_P(ProxyTest, C25_AnEarlyAnswerIsTheResult) {
  serve();
  // Otherwise it comes when the length of the PushStart is used up.
  if (!GetParam().passes_early_answers) options.content_length = 70'000;
  const NumberedStream stream(1000);
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(url()), Result::S_OK) << said();
  ASSERT_EQ(sink.OnHeader(stream.header()), Result::S_OK);
  for (std::uint32_t number = 0; number < 30; ++number)
    ASSERT_EQ(sink.OnDataUnit(stream.packet(number)), Result::S_OK);
  ASSERT_TRUE(point->wait_for([&] { return session().packets > 0; })) << said();
  point->disconnect("/live", 503);
  const Result result = push_until_stopped(sink, stream);
  EXPECT_EQ(result, Result::NS_E_SERVER_UNAVAILABLE) << said();
}

/// Apache keeps what a server says to itself until the request is over.
class EarlyAnswerTest : public ProxyTest {};

INSTANTIATE_TEST_SUITE_P(Through, EarlyAnswerTest,
                         ::testing::ValuesIn(arrangements([](const Arrangement& one) {
                           return one.passes_early_answers;
                         })),
                         [](const auto& test) { return test.param.name; });

TEST_P(EarlyAnswerTest, C25_ThatTheServerWaitedInVainIsTheResult) {
  serve({.idle_timeout = 300ms});
  const NumberedStream stream(30);
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(url()), Result::S_OK) << said();
  ASSERT_EQ(sink.OnHeader(stream.header()), Result::S_OK);
  for (std::uint32_t number = 0; number < stream.packets(); ++number)
    ASSERT_EQ(sink.OnDataUnit(stream.packet(number)), Result::S_OK);
  EXPECT_EQ(sink.wait_until(std::chrono::steady_clock::now() + 5s), Result::NS_E_TIMEOUT) << said();
}

/// Without a Via it is by the 502 behind the end, which is its complaint that the server closed,
/// that nginx shows itself.
TEST_F(PushTest, C30_AProxyThatHidesShowsItselfAtTheEnd) {
  if (!Nginx::missing().empty()) GTEST_SKIP() << "no " << Nginx::missing();
  listen();
  const Nginx proxy(folder.path(), point->port(), Nginx::Habits{.shows_itself = false});
  const NumberedStream stream(300);
  EXPECT_EQ(push("wmpush://127.0.0.1:" + std::to_string(proxy.port()) + "/live", stream.asf()),
            Result::S_OK)
      << message << said();
  expect_delivered(stream);
}

}  // namespace
}  // namespace wmpush::test
