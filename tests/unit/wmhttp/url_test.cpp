#include "wmhttp/url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::wmhttp {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

bool is_option(std::string_view name) { return name == "end_timeout" || name == "template_url"; }

PushUrl parsed(std::string_view text) {
  PushUrl url;
  const Error error = parse_url(text, is_option, url);
  EXPECT_EQ(error.message, "") << text;
  return url;
}

Error refused(std::string_view text) {
  PushUrl url;
  return parse_url(text, is_option, url);
}

TEST(PushUrl, HasHostPortAndPath) {
  const PushUrl url = parsed("wmpush://server.example:8080/live");
  EXPECT_EQ(url.server.host, "server.example");
  EXPECT_EQ(url.server.port, 8080);
  EXPECT_EQ(url.target, "/live");
  EXPECT_EQ(url.server.authority(), "server.example:8080");
  EXPECT_EQ(parsed("http://server/live").server.port, 80);
  EXPECT_EQ(parsed("http://server/live").server.authority(), "server");
}

TEST(PushUrl, OverTlsHasAnotherPort) {
  for (const char* scheme : {"wmpushs", "https"}) {
    const PushUrl url = parsed(std::string(scheme) + "://me:pw@server/live");
    EXPECT_EQ(url.server, (Destination{"server", 443, true}));
    EXPECT_EQ(url.server.authority(), "server");
    EXPECT_EQ(url.display(), "wmpushs://me@server/live");
  }
  EXPECT_EQ(parsed("wmpushs://server:80/live").server.authority(), "server:80");
  EXPECT_EQ(parsed("wmpush://server:443/live").server.authority(), "server:443");
  EXPECT_THAT(refused("WMPUSHS://server/live").message, HasSubstr("small letters: wmpushs://"));
}

TEST(PushUrl, TakesIPv6LiteralsInBrackets) {
  const PushUrl url = parsed("wmpush://[::1]:81/live");
  EXPECT_EQ(url.server.host, "::1");
  EXPECT_EQ(url.server.authority(), "[::1]:81");
  EXPECT_EQ(refused("wmpush://::1/live").result, Result::NS_E_INVALID_NAME);
  EXPECT_EQ(refused("wmpush://[::1/live").result, Result::NS_E_INVALID_NAME);
  EXPECT_EQ(refused("wmpush://[abc]/live").result, Result::NS_E_INVALID_NAME);
}

TEST(PushUrl, DecodesCredentialsOnceAndNeverShowsThePassword) {
  const PushUrl url = parsed("wmpush://us%40er:p%2525w@rd@host/live");
  EXPECT_EQ(url.user, "us@er");
  EXPECT_EQ(url.password, "p%25w@rd");
  EXPECT_EQ(url.display(), "wmpush://us@er@host/live");
  EXPECT_THAT(refused("wmpush://user:s3cret%zz@host/live").message, Not(HasSubstr("s3cret")));
  EXPECT_THAT(refused("wmpush://user:s3cret/x@host/live").message,
              AllOf(Not(HasSubstr("s3cret")), HasSubstr("%2F")));
}

TEST(PushUrl, ShowsNoPieceOfAPasswordThatLooksLikeHostAndPath) {
  for (const char* credentials :
       {"me:s3@cr/et", "me:s3@c r/et", "me:s3@cr:et/x", "me:s3@cr/et?", "me:s3@cr:1/et/x"}) {
    const Error error = refused("wmpush://" + std::string(credentials) + "@host/live");
    EXPECT_THAT(error.message, AllOf(Not(HasSubstr("cr")), Not(HasSubstr("et")), HasSubstr("%2F")))
        << credentials;
  }
  EXPECT_EQ(parsed("wmpush://host/live@1").target, "/live@1");
  EXPECT_EQ(parsed("wmpush://me:secret@host/live%401?x=a@b").target, "/live%401?x=a@b");
}

TEST(PushUrl, LeavesPathAndQueryAsTheyWereWritten) {
  for (const char* target : {"/name;genre;desc;http://example.org/", "/a/../b//c%2f?x=1&y=%20",
                             "/live?", "/live?a&&b", "/%7Euser/", "/p?q?r"})
    EXPECT_EQ(parsed("wmpush://h" + std::string(target)).target, target);
  EXPECT_EQ(parsed("wmpush://h").target, "/");
}

TEST(PushUrl, TakesOptionsOutOfTheQuery) {
  const PushUrl url = parsed("wmpush://h/live?a=1&end_timeout=2s&b=2&template_url=%2Ft");
  EXPECT_EQ(url.target, "/live?a=1&b=2");
  ASSERT_EQ(url.options.size(), 2u);
  EXPECT_EQ(url.options[0], std::make_pair(std::string("end_timeout"), std::string("2s")));
  EXPECT_EQ(url.options[1], std::make_pair(std::string("template_url"), std::string("/t")));
  EXPECT_EQ(parsed("wmpush://h/live?end_timeout=1").target, "/live");
}

TEST(PushUrl, SaysWhatToWriteInsteadOfAnotherScheme) {
  for (const char* scheme : {"mms", "mmsh", "MMST", "rtsp"}) {
    const Error error = refused(std::string(scheme) + "://host/live");
    EXPECT_EQ(error.result, Result::E_INVALIDARG);
    EXPECT_THAT(error.message, AllOf(HasSubstr("players open"), HasSubstr("push to wmpush://")));
  }
  EXPECT_THAT(refused("WMPUSH://host/live").message, HasSubstr("small letters: wmpush://"));
  EXPECT_THAT(refused("rtmp://host/live").message, HasSubstr("use wmpush:// or http://"));
}

TEST(PushUrl, ShowsNothingInFrontOfTheHostThatIsNoScheme) {
  EXPECT_THAT(refused("user:secret@rtmp://host/live").message,
              AllOf(HasSubstr("not a URL"), ::testing::Not(HasSubstr("secret"))));
}

TEST(PushUrl, RefusesWhatCannotBePushedTo) {
  EXPECT_EQ(refused("rtmp://h/live").result, Result::E_INVALIDARG);
  EXPECT_EQ(refused("live.asf").result, Result::E_INVALIDARG);
  EXPECT_EQ(refused("wmpush:///live").result, Result::NS_E_INVALID_NAME);
  EXPECT_EQ(refused("wmpush://ho st/live").result, Result::NS_E_INVALID_NAME);
  EXPECT_EQ(refused("wmpush://h/li ve").result, Result::E_INVALIDARG);
  EXPECT_EQ(refused("wmpush://h/li\r\nve").result, Result::E_INVALIDARG);
  for (const char* port : {"0", "65536", "x", "80x", "-1"})
    EXPECT_EQ(refused("wmpush://h:" + std::string(port) + "/live").result, Result::E_INVALIDARG);
}

}  // namespace
}  // namespace wmpush::wmhttp
