// Rule C23: where a server sends the session.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sink/credentials.hpp"
#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using wmhttp::Destination;
using State = EngineDriver::State;
using Want = EngineDriver::Want;

std::string redirect(std::string_view location, std::string_view status = "302 Found") {
  return "HTTP/1.1 " + std::string(status) +
         "\r\nServer: Cougar/9.6\r\nLocation: " + std::string(location) +
         "\r\nContent-Length: 0\r\n\r\n";
}

constexpr std::string_view kChallenge =
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n"
    "Set-Cookie: push-id=77\r\nSet-Cookie: other=1\r\n\r\n";

class Redirects : public ::testing::Test {
 protected:
  explicit Redirects(bool allow_305 = false)
      : authenticator(
            auth::SchemeNegotiation({"server", "user", "secret"}, {}, {auth::Scheme::Basic})),
        driver(config(allow_305)) {}

  wmhttp::EngineConfig config(bool allow_305 = false) {
    auto config = engine_config();
    config.target = "/a/live?x=1";
    config.setup_body = "Template-URL: \"/t\"\r\nAutoDestroy: 0\r\n";
    config.server_authenticator = &authenticator;
    config.allow_305 = allow_305;
    return config;
  }
  /// The request that follows on the connection that the engine asks for.
  SentRequest next() {
    if (driver.engine.wants() != Want::Connect) {
      ADD_FAILURE() << "no connection is wanted: " << driver.engine.error().message;
      return {};
    }
    driver.engine.connected(driver.now);
    const auto requests = requests_in(driver.flush());
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? SentRequest{} : requests.back();
  }

  SessionAuthenticator authenticator;
  EngineDriver driver;
};

TEST_F(Redirects, C23_ThePushSetupIsSentAgainWhereTheServerSaysWithItsBody) {
  for (const char* status : {"300 Multiple Choices", "301 Moved Permanently", "302 Found",
                             "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"}) {
    EngineDriver each(config());
    each.set_up(redirect("http://other:99/elsewhere?y=2", status));
    EXPECT_EQ(each.engine.destination(), (Destination{"other", 99})) << status;
    ASSERT_EQ(each.engine.wants(), Want::Connect) << status;
    each.engine.connected(each.now);
    const SentRequest again = requests_in(each.flush()).at(0);
    EXPECT_THAT(again.head, StartsWith("POST /elsewhere?y=2 HTTP/1.1\r\n"));
    EXPECT_EQ(again.header("Host"), "other:99");
    EXPECT_EQ(again.header("Content-Type"), "application/x-wms-pushsetup");
    EXPECT_THAT(again.body, StartsWith("Template-URL"));
    each.answer(kAccepted);
    EXPECT_EQ(each.engine.state(), State::Ready) << status;
  }
}

TEST_F(Redirects, C23_ALocationIsTakenInEveryForm) {
  const std::pair<const char*, const char*> forms[] = {
      {"http://other/live", "other:80/live"},
      {"wmpush://other:8081/live", "other:8081/live"},
      {"HTTP://other", "other:80/"},
      {"//other/live", "other:80/live"},
      {"/b/live", "server:8080/b/live"},
      {"second", "server:8080/a/second"},
      {"./second", "server:8080/a/second"},
      {"../c/d?z", "server:8080/c/d?z"},
      {"../../../c", "server:8080/c"},
      {"?y=2", "server:8080/a/live?y=2"},
      {"/live#part", "server:8080/live"},
      {"https://other/live", "other:443/live"},
      {"http://me:pw@other/live", "other:80/live"},
      {"/x?end_timeout=1", "server:8080/x?end_timeout=1"}};
  for (const auto& [location, place] : forms) {
    EngineDriver each(config());
    each.set_up(redirect(location));
    const Destination& server = each.engine.server();
    EXPECT_EQ(server.host + ":" + std::to_string(server.port) + each.engine.target(), place)
        << location;
  }
}

TEST_F(Redirects, C23_DoNotLeadOutOfTls) {
  wmhttp::EngineConfig secure = config();
  secure.server = {"server", 443, true};
  for (const char* location : {"http://server/live", "wmpush://other/live"}) {
    EngineDriver each(secure);
    each.set_up(redirect(location));
    EXPECT_EQ(each.engine.error().result, Result::E_FAIL) << location;
    EXPECT_THAT(each.engine.error().message, HasSubstr("which is without TLS")) << location;
  }
  for (const char* location : {"https://other/live", "//other/live", "wmpushs://other/live"}) {
    EngineDriver each(secure);
    each.set_up(redirect(location));
    EXPECT_EQ(each.engine.server(), (Destination{"other", 443, true})) << location;
  }
}

TEST_F(Redirects, C23_WhatCannotBeFollowedIsAnErrorThatSaysSo) {
  const std::pair<const char*, const char*> refused[] = {{"ftp://other/live", "ftp"},
                                                         {"rtsp://other/live", "rtsp"},
                                                         {"http://", "host"},
                                                         {"", "without a Location"}};
  for (const auto& [location, why] : refused) {
    EngineDriver each(config());
    each.set_up(redirect(location));
    EXPECT_EQ(each.engine.error().result, Result::E_FAIL) << location;
    EXPECT_EQ(each.engine.error().http_status, 302);
    EXPECT_THAT(each.engine.error().message, AllOf(HasSubstr("302 Found"), HasSubstr(why)));
  }
}

TEST_F(Redirects, C23_ALoopEndsAfterEightHops) {
  driver.set_up(redirect("/a/live"));
  int hops = 0;
  while (driver.engine.wants() == Want::Connect && hops < 100) {
    ++hops;
    next();
    driver.answer(redirect("/a/live"));
  }
  EXPECT_EQ(hops, 8);
  EXPECT_EQ(driver.engine.state(), State::Failed);
  EXPECT_THAT(driver.engine.error().message, HasSubstr("more than 8 redirects"));
}

TEST_F(Redirects, C23_AnotherHostGetsAFreshSessionAndNoCredentials) {
  driver.set_up(kChallenge);
  driver.flush();
  driver.answer(redirect("http://server:8081/live"));
  const SentRequest again = next();
  EXPECT_EQ(again.header("Authorization"), "(none)");
  EXPECT_EQ(again.header("Cookie"), "push-id=0");
  // Nobody answers for the new host unless the owner gives somebody.
  driver.answer(kChallenge);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_SERVER_ACCESSDENIED);
}

TEST_F(Redirects, C23_TheSameHostKeepsItsSessionAndIsToldAtOnceWhoIsThere) {
  driver.set_up(kChallenge);
  driver.flush();
  driver.answer(redirect("/elsewhere"));
  const SentRequest again = next();
  EXPECT_EQ(again.header("Authorization"), "Basic dXNlcjpzZWNyZXQ=");
  EXPECT_EQ(again.header("Cookie"), "push-id=77; other=1");
}

TEST_F(Redirects, C23_TheStreamGoesOnAtTheNewPlaceAlsoOnANewConnection) {
  driver.set_up(redirect("http://other/elsewhere"));
  next();
  driver.answer(kAccepted);
  driver.engine.peer_closed(driver.now);
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(driver.engine.destination(), (Destination{"other", 80}));
  const SentRequest start = next();
  EXPECT_THAT(start.head, StartsWith("POST /elsewhere HTTP/1.1\r\n"));
  EXPECT_EQ(start.header("Host"), "other");
}

TEST_F(Redirects, C23_InTheMiddleOfAStreamARedirectIsAnError) {
  driver.start_stream();
  driver.answer(redirect("http://other/live"));
  EXPECT_THAT(driver.engine.error().message,
              AllOf(HasSubstr("302"), HasSubstr("push to http://other/live")));
}

TEST_F(Redirects, C23_AProxyIsNamedInVainUnlessItIsAllowed) {
  driver.set_up(redirect("http://proxy:3128", "305 Use Proxy"));
  EXPECT_EQ(driver.engine.error().http_status, 305);
  EXPECT_THAT(driver.engine.error().message,
              AllOf(HasSubstr("proxy:3128"), HasSubstr("allow_305=1")));
}

class NamedProxy : public Redirects {
 protected:
  NamedProxy() : Redirects(true) {}
};

TEST_F(NamedProxy, C23_TheSameUrlIsAskedForThroughIt) {
  driver.set_up(redirect("http://proxy:3128", "305 Use Proxy"));
  EXPECT_EQ(driver.engine.destination(), (Destination{"proxy", 3128}));
  EXPECT_THAT(next().head, StartsWith("POST http://server:8080/a/live?x=1 HTTP/1.1\r\n"));
  driver.answer(kAccepted);
  EXPECT_EQ(driver.engine.state(), State::Ready);
}

TEST_F(NamedProxy, C10_AProxyThatA305NamedIsKnown) {
  driver.set_up(redirect("http://proxy:3128", "305 Use Proxy"));
  EXPECT_TRUE(driver.engine.proxied());
}

TEST_F(NamedProxy, C23_OneIsEnough) {
  driver.set_up(redirect("http://proxy:3128", "305 Use Proxy"));
  next();
  driver.answer(redirect("http://proxy2:3128", "305 Use Proxy"));
  EXPECT_THAT(driver.engine.error().message, AllOf(HasSubstr("305"), HasSubstr("proxy2:3128")));
  EXPECT_EQ(driver.engine.state(), State::Failed);
}

}  // namespace
}  // namespace wmpush::test
