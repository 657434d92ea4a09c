// Rules C01 to C11: what the client's requests look like.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<SentRequest> setup_and_start() {
  EngineDriver driver;
  driver.start_stream();
  return requests_in(driver.wire);
}

TEST(Requests, C01_EverythingIsAPostToThePathOfThePublishingPoint) {
  auto config = engine_config();
  config.target = "/name;genre;a%20description;http://example.org/?x=1&y";
  EngineDriver driver(config);
  driver.start_stream();
  const auto requests = requests_in(driver.wire);
  ASSERT_EQ(requests.size(), 2u);
  for (const SentRequest& request : requests)
    EXPECT_THAT(request.head,
                StartsWith("POST /name;genre;a%20description;http://example.org/?x=1&y"
                           " HTTP/1.1\r\n"));
}

TEST(Requests, C02_TheContentTypeTellsSetupFromStart) {
  const auto requests = setup_and_start();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].header("Content-Type"), "application/x-wms-pushsetup");
  EXPECT_EQ(requests[1].header("Content-Type"), "application/x-wms-pushstart");
}

TEST(Requests, C03_TheUserAgentIsAnEncoderAndThenWe) {
  for (const SentRequest& request : setup_and_start())
    EXPECT_EQ(request.header("User-Agent"), "WMEncoder/12.0.7601.17514 libwmpush/" WMPUSH_VERSION);
}

TEST(Requests, C04_TheCookieAsksForANewSessionAndThenNamesIt) {
  const auto requests = setup_and_start();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].header("Cookie"), "push-id=0");
  EXPECT_EQ(requests[1].header("Cookie"), "push-id=4124758405");
}

TEST(Requests, C04_OtherCookiesOfTheServerAreSentBack) {
  EngineDriver driver;
  driver.set_up(
      "HTTP/1.1 204 No Content\r\nServer: Rex/12.0\r\nSet-Cookie: route=a1; path=/; HttpOnly\r\n"
      "Set-Cookie: push-id=77; path=/\r\n\r\n");
  ASSERT_FALSE(driver.header());
  const auto requests = requests_in(driver.flush());
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header("Cookie"), "push-id=77; route=a1");
}

TEST(Requests, C05_EveryRequestHasALengthAndNoChunksOrExpectations) {
  for (const SentRequest& request : setup_and_start()) {
    EXPECT_GE(request.content_length, 0);
    EXPECT_EQ(request.header("Transfer-Encoding"), "(none)");
    EXPECT_EQ(request.header("Expect"), "(none)");
  }
}

TEST(Requests, C06_OnlySchemesThatThisBuildCanDoAreOffered) {
  for (const SentRequest& request : setup_and_start())
    EXPECT_EQ(request.header("X-Accept-Authentication"), "(none)");
  wmhttp::RequestContext context;
  context.target = "/live";
  context.authentication_schemes = "Negotiate, NTLM, Digest";
  EXPECT_THAT(wmhttp::push_setup_request(context, {}),
              HasSubstr("\r\nX-Accept-Authentication: Negotiate, NTLM, Digest\r\n"));
  auto config = engine_config();
  config.authentication_schemes = "Digest";
  EngineDriver driver(config);
  EXPECT_EQ(requests_in(driver.set_up())[0].header("X-Accept-Authentication"), "Digest");
}

TEST(Requests, C07_HostCacheControlAndKeepAliveAreThereAndResponseHeadersAreNot) {
  for (const SentRequest& request : setup_and_start()) {
    EXPECT_EQ(request.header("Host"), "server:8080");
    EXPECT_EQ(request.header("Cache-Control"), "no-cache");
    EXPECT_EQ(request.header("Connection"), "Keep-Alive");
    for (const char* name : {"Server", "Set-Cookie", "Supported", "Pragma"})
      EXPECT_EQ(request.header(name), "(none)") << name;
  }
}

TEST(Requests, C08_ThePushSetupHasNoBodyWithoutATemplate) {
  const auto requests = setup_and_start();
  EXPECT_EQ(requests[0].content_length, 0);
  EXPECT_EQ(requests[0].body, "");
}

TEST(Requests, C08_ATemplateAndAutoDestroyAreNamedInTheBody) {
  auto config = engine_config();
  ASSERT_FALSE(wmhttp::push_setup_body("/template", true, config.setup_body));
  EngineDriver driver(config);
  const auto requests = requests_in(driver.set_up());
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].body, "Template-URL: \"/template\"\r\nAutoDestroy: 1\r\n");
  EXPECT_EQ(requests[0].content_length, static_cast<std::int64_t>(requests[0].body.size()));
}

TEST(Requests, C08_AutoDestroyIsWrittenEvenWhenItIsOff) {
  std::string body;
  ASSERT_FALSE(wmhttp::push_setup_body("/t", false, body));
  EXPECT_EQ(body, "Template-URL: \"/t\"\r\nAutoDestroy: 0\r\n");
}

TEST(Requests, C08_TheTemplateIsPercentEncodedUtf8) {
  std::string body;
  ASSERT_FALSE(wmhttp::push_setup_body("/caf\xC3\xA9 2", false, body));
  EXPECT_EQ(body, "Template-URL: \"/caf%C3%A9%202\"\r\nAutoDestroy: 0\r\n");
}

TEST(Requests, C08_ATemplateThatCannotBeWrittenIsRefused) {
  std::string body;
  for (const char* path : {"relative", "/a\"b", "/a\r\nb", "/a\nb"})
    EXPECT_EQ(wmhttp::push_setup_body(path, false, body).result, Result::E_INVALIDARG) << path;
}

TEST(Requests, C09_APushStartIsTwoGigabytesLongWhenNoProxyIsKnown) {
  EXPECT_EQ(setup_and_start()[1].content_length, 2147483647);
}

constexpr std::string_view kAcceptedThroughProxy =
    "HTTP/1.1 204 No Content\r\nServer: Cougar/9.6\r\nVia: 1.1 proxy (squid)\r\n"
    "Set-Cookie: push-id=1\r\n\r\n";

TEST(Requests, C09_C10_BehindAProxyAPushStartLastsAboutAMinute) {
  EngineDriver driver;
  driver.set_up(kAcceptedThroughProxy);
  EXPECT_TRUE(driver.engine.proxied());
  ASSERT_FALSE(driver.header(100, 1000, 800'000));
  EXPECT_EQ(requests_in(driver.flush())[0].content_length, 800'000 / 8 * 60);
}

TEST(Requests, C09_C10_BehindAProxyTheRateThatIsMeasuredCountsWhereLessIsDeclared) {
  EngineDriver driver;
  driver.set_up("HTTP/1.1 204 No Content\r\nServer: Cougar/9\r\nVia: 1.1 p\r\n\r\n");
  ASSERT_FALSE(driver.header(100, 1000, 8000));  // 1000 bytes a second: 60 packets, and less
  driver.flush();
  while (driver.engine.state() == EngineDriver::State::Streaming) {
    ASSERT_FALSE(driver.packet());
    driver.flush();
    driver.pass(std::chrono::milliseconds(100));  // ten times as much
  }
  driver.answer(kNextPlease);
  const auto requests = requests_in(driver.wire);
  EXPECT_EQ(requests[1].content_length, 60000);
  driver.flush();
  const std::string last = driver.wire.substr(driver.wire.rfind("POST "));
  EXPECT_NEAR(static_cast<double>(requests_in(last)[0].content_length), 600000, 30000);
}

TEST(Requests, C09_ALengthHoldsThreePacketsAndTheHeader) {
  auto config = engine_config();
  config.content_length = 1;
  EngineDriver packets(config);
  EXPECT_EQ(requests_in(packets.start_stream(100, 1000))[0].content_length, 3 * 1004);
  EngineDriver headers(config);
  EXPECT_EQ(requests_in(headers.start_stream(60000, 1000))[0].content_length, 60000 + 8 + 4);
}

TEST(Requests, C09_WhereTheHeaderNamesNoBitRateAMinuteOfAUsualOneIsTaken) {
  EngineDriver driver;
  driver.set_up(kAcceptedThroughProxy);
  ASSERT_FALSE(driver.header(100, 1000, 0));
  EXPECT_EQ(requests_in(driver.flush())[0].content_length, 1'000'000 / 8 * 60);
}

TEST(Requests, C09_TheNextLengthHoldsALargerHeaderAndLargerPacketsOfTheNextEntry) {
  auto config = engine_config();
  config.content_length = 5000;
  EngineDriver driver(config);
  driver.start_stream(100, 1000);
  ASSERT_FALSE(driver.header(60000, 30000));
  driver.flush();
  ASSERT_EQ(driver.engine.state(), EngineDriver::State::RollingOver);
  driver.answer(kNextPlease);
  driver.flush();
  const auto requests = requests_in(driver.wire);
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[1].content_length, 5000);
  EXPECT_EQ(requests[2].content_length, 3 * (4 + 30000)) << "more than the 60012 of the header";
  EXPECT_EQ(ids(frames_in(requests[1].body)).substr(0, 2), "HE");
  EXPECT_EQ(ids(frames_in(requests[2].body)), "C");
}

TEST(Requests, C10_AViaOfALaterResponseTellsOfAProxyToo) {
  EngineDriver driver;
  driver.set_up();
  ASSERT_FALSE(driver.header(100, 1000, 800'000));
  driver.flush();
  driver.answer("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nVia: 1.1 p\r\n\r\n");
  EXPECT_TRUE(driver.engine.proxied());
}

TEST(Requests, C10_NoProxyIsKnownWithoutAVia) {
  EngineDriver driver;
  driver.set_up();
  EXPECT_FALSE(driver.engine.proxied());
}

TEST(Requests, C11_ThePushStartGoesOnTheConnectionOfTheSetup) {
  EngineDriver driver;
  driver.set_up();
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(driver.engine.wants(), EngineDriver::Want::Send);
}

TEST(Requests, C11_ThePushStartTakesANewConnectionWhenTheFirstIsGone) {
  EngineDriver driver;
  driver.set_up();
  driver.engine.peer_closed(driver.now);
  EXPECT_EQ(driver.engine.state(), EngineDriver::State::Ready);
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(driver.engine.wants(), EngineDriver::Want::Connect);
  driver.engine.connected(driver.now);
  const auto requests = requests_in(driver.flush());
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].header("Cookie"), "push-id=4124758405");
  EXPECT_EQ(ids(frames_in(requests[0].body)), "H");
}

TEST(Requests, C11_AResponseThatClosesTheConnectionIsObeyed) {
  EngineDriver driver;
  driver.set_up("HTTP/1.1 204 No Content\r\nServer: Rex/9\r\nConnection: close\r\n\r\n");
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(driver.engine.wants(), EngineDriver::Want::Connect);
}

}  // namespace
}  // namespace wmpush::test
