// Rules C09, C10, C22 and C30 where a proxy is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sink/credentials.hpp"
#include "support/engine_driver.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using State = EngineDriver::State;
using Want = EngineDriver::Want;

wmhttp::EngineConfig through_proxy() {
  auto config = engine_config();
  config.proxy = wmhttp::Destination{"proxy", 3128};
  return config;
}

std::string answer(std::string_view status, std::string_view fields) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(fields) +
         "Content-Length: 0\r\n\r\n";
}

TEST(Proxies, C10_EveryRequestTellsAConfiguredProxyTheWholeAddress) {
  EngineDriver driver(through_proxy());
  driver.start_stream();
  EXPECT_EQ(driver.engine.destination(), (wmhttp::Destination{"proxy", 3128}));
  const auto requests = requests_in(driver.wire);
  ASSERT_EQ(requests.size(), 2u);
  for (const SentRequest& request : requests) {
    EXPECT_THAT(request.head, StartsWith("POST http://server:8080/live HTTP/1.1\r\n"));
    EXPECT_EQ(request.header("Host"), "server:8080");
  }
}

TEST(Proxies, C10_WithoutAProxyTheRequestHasThePathAlone) {
  EngineDriver driver;
  driver.start_stream();
  EXPECT_EQ(driver.engine.destination(), (wmhttp::Destination{"server", 8080}));
  EXPECT_THAT(requests_in(driver.wire)[0].head, StartsWith("POST /live HTTP/1.1\r\n"));
}

TEST(Proxies, C10_TheDefaultPortIsNotWrittenAndAnIpv6AddressHasItsBrackets) {
  auto config = through_proxy();
  config.server = {"::1", 80};
  EngineDriver driver(config);
  driver.set_up();
  EXPECT_THAT(driver.wire, StartsWith("POST http://[::1]/live HTTP/1.1\r\n"));
  EXPECT_EQ(requests_in(driver.wire)[0].header("Host"), "[::1]");
}

TEST(Proxies, C09_ThroughAConfiguredProxyTheFirstPushStartLastsAMinute) {
  EngineDriver driver(through_proxy());
  driver.start_stream(100, 1000, 800'000);
  EXPECT_TRUE(driver.engine.proxied());
  EXPECT_EQ(requests_in(driver.wire).back().content_length, 100'000 * 60);
}

TEST(Proxies, C30_WhatAConfiguredProxySaysBehindTheEndIsNoLoss) {
  for (const char* status : {"400 Bad Request", "502 Bad Gateway"}) {
    EngineDriver driver(through_proxy());
    driver.start_stream();
    ASSERT_FALSE(driver.engine.end(0, driver.now));
    driver.flush();
    driver.answer(answer(status, "Server: squid/5.7\r\n"));
    EXPECT_EQ(driver.engine.state(), State::Ended) << status;
    EXPECT_FALSE(driver.engine.error()) << status;
  }
}

TEST(Proxies, C30_WhereAProxyIsSilentBehindTheEndTheUserHearsWhatThatMeans) {
  EngineDriver driver(through_proxy());
  driver.start_stream();
  ASSERT_FALSE(driver.engine.end(0, driver.now));
  driver.flush();
  driver.engine.take_notes();
  driver.pass(std::chrono::seconds(6));
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.state(), State::Ended);
  EXPECT_FALSE(driver.engine.error());
  const auto notes = driver.engine.take_notes();
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_EQ(notes[0].level, WMPUSH_LOG_WARNING);
  EXPECT_THAT(notes[0].text, HasSubstr("nobody confirmed the end-of-stream within 6"));
}

TEST(Proxies, C24_AnErrorPageOfTheProxysSaysWhoCouldNotReachWhom) {
  for (const char* status : {"502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"}) {
    EngineDriver driver(through_proxy());
    driver.set_up(answer(status, "Server: squid/5.7\r\nVia: 1.1 box (squid/5.7)\r\n"));
    EXPECT_THAT(driver.engine.error().message,
                AllOf(HasSubstr(status), HasSubstr("the proxy proxy:3128"), HasSubstr("squid/5.7"),
                      HasSubstr("could not reach server:8080"), Not(HasSubstr("media server"))));
  }
  EngineDriver denied(through_proxy());
  denied.set_up(answer("403 Forbidden", "Server: squid/5.7\r\n"));
  EXPECT_THAT(denied.engine.error().message,
              AllOf(HasSubstr("does not let requests to server:8080 through")));
  EXPECT_EQ(denied.engine.error().result, Result::NS_E_SERVER_ACCESSDENIED);
}

TEST(Proxies, C24_ARefusalOfTheMediaServersBehindAProxyIsTheServers) {
  EngineDriver driver(through_proxy());
  driver.set_up(answer("503 Service Unavailable", "Server: Cougar/9.6\r\nVia: 1.1 box\r\n"));
  EXPECT_THAT(driver.engine.error().message,
              AllOf(HasSubstr("the server answered 503"), HasSubstr("takes no stream")));
}

TEST(Proxies, C20_AServerWithAnotherNameMayBeAReverseProxy) {
  EngineDriver driver;
  driver.set_up(answer("204 No Content", "Server: nginx/1.22.1\r\n"));
  EXPECT_THAT(
      driver.engine.error().message,
      AllOf(HasSubstr("nginx/1.22.1"), HasSubstr("reverse proxy"), HasSubstr("strict_server=0")));
}

class ProxyAuthentication : public ::testing::Test {
 protected:
  ProxyAuthentication()
      : proxy(auth::SchemeNegotiation({"proxy", "pat", "hush-hush"}, {},
                                      {auth::Scheme::Digest, auth::Scheme::Basic})),
        server(auth::SchemeNegotiation({"server", "user", "secret"}, {},
                                       {auth::Scheme::Digest, auth::Scheme::Basic})),
        driver(config()) {}

  wmhttp::EngineConfig config() {
    auto config = through_proxy();
    config.proxy_authenticator = &proxy;
    config.server_authenticator = &server;
    return config;
  }
  SentRequest next() {
    const auto requests = requests_in(driver.flush());
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? SentRequest{} : requests.back();
  }
  static std::string challenge(std::string_view text) {
    return answer("407 Proxy Authentication Required",
                  "Server: squid/5.7\r\nProxy-Authenticate: " + std::string(text) + "\r\n");
  }

  SessionAuthenticator proxy;
  SessionAuthenticator server;
  EngineDriver driver;
};

TEST_F(ProxyAuthentication, C22_ADigestIsOfTheTargetThatItsReaderFinds) {
  driver.set_up(challenge("Digest realm=\"p\", nonce=\"n\", qop=\"auth\""));
  EXPECT_THAT(next().header("Proxy-Authorization"), HasSubstr("uri=\"http://server:8080/live\""));
  driver.answer(answer("401 Unauthorized",
                       "WWW-Authenticate: Digest realm=\"s\", nonce=\"n\", qop=\"auth\"\r\n"));
  const SentRequest both = next();
  EXPECT_THAT(both.header("Authorization"), HasSubstr("uri=\"/live\""));
  EXPECT_THAT(both.header("Proxy-Authorization"), HasSubstr("nc=00000002"));
}

TEST_F(ProxyAuthentication, C22_EveryRequestCarriesTheAnswer) {
  driver.set_up(challenge("Basic realm=\"p\""));
  EXPECT_EQ(next().header("Proxy-Authorization"), "Basic cGF0Omh1c2gtaHVzaA==");
  driver.answer(kAccepted);
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(next().header("Proxy-Authorization"), "Basic cGF0Omh1c2gtaHVzaA==");
}

TEST_F(ProxyAuthentication, C22_ARefusalNamesProxyRealmAndUser) {
  const std::string asked = challenge("Basic realm=\"the office\"");
  driver.set_up(asked);
  next();
  driver.answer(asked);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_EQ(driver.engine.error().http_status, 407);
  EXPECT_THAT(driver.engine.error().message,
              AllOf(HasSubstr("the proxy proxy:3128 answered 407"), HasSubstr("realm 'the office'"),
                    HasSubstr("user 'pat'"), HasSubstr("http_proxy="), Not(HasSubstr("hush"))));
}

TEST_F(ProxyAuthentication, C22_A401ThatAsksForTheProxysPasswordIsTheProxysRefusal) {
  driver.set_up(challenge("Basic realm=\"Tinyproxy\""));
  next();
  driver.answer(
      answer("401 Unauthorized",
             "Server: tinyproxy/1.11.1\r\nWWW-Authenticate: Basic realm=\"Tinyproxy\"\r\n"));
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(driver.engine.error().message,
              AllOf(HasSubstr("the proxy proxy:3128"), HasSubstr("realm 'Tinyproxy'"),
                    HasSubstr("user 'pat'"), Not(HasSubstr("hush"))));
}

/// NTLM as the engine sees it: two rounds let a connection in.
class TwoRounds : public auth::Mechanism {
 public:
  Step take(std::span<const auth::Challenge> challenges, std::string&) override {
    if (std::exchange(accepted_, false)) round_ = 0;
    token_ = true;
    if (round_ == 1 && challenges[0].token.empty()) return Step::Refused;
    return ++round_ > 2 ? Step::Refused : Step::Ready;
  }
  std::string authorization(const auth::RequestLine&) override {
    return std::exchange(token_, false) ? "NTLM round" + std::to_string(round_) : std::string();
  }
  bool incomplete() const override { return round_ == 1 && !accepted_; }
  void accepted() override { accepted_ = true; }

 private:
  int round_ = 0;
  bool token_ = false;
  bool accepted_ = false;
};

class ProxyNtlm : public ::testing::Test {
 protected:
  ProxyNtlm()
      : proxy(auth::SchemeNegotiation(
            {"proxy", "pat", "hush-hush"}, {}, {auth::Scheme::Ntlm},
            [](auth::Scheme, const auth::Credentials&) { return std::make_unique<TwoRounds>(); })),
        driver(config()) {}

  wmhttp::EngineConfig config() {
    auto config = through_proxy();
    config.proxy_authenticator = &proxy;
    return config;
  }
  SentRequest next() {
    const auto requests = requests_in(driver.flush());
    EXPECT_EQ(requests.size(), 1u);
    return requests.empty() ? SentRequest{} : requests.back();
  }
  static std::string challenge(std::string_view token = {}) {
    return answer("407 Proxy Authentication Required",
                  "Proxy-Authenticate: NTLM" + std::string(token) + "\r\n");
  }
  void set_up() {
    driver.set_up(challenge());
    EXPECT_EQ(next().header("Proxy-Authorization"), "NTLM round1");
    driver.answer(challenge(" TlRMTVNTUAACAAAA"));
    EXPECT_EQ(next().header("Proxy-Authorization"), "NTLM round2");
    driver.answer(kAccepted);
    ASSERT_EQ(driver.engine.state(), State::Ready);
  }
  /// A PushStart on a new connection, which the proxy does not know.
  void start_on_new_connection() {
    driver.engine.peer_closed(driver.now);
    ASSERT_FALSE(driver.header());
    ASSERT_EQ(driver.engine.wants(), Want::Connect);
    driver.engine.connected(driver.now);
    EXPECT_EQ(next().header("Proxy-Authorization"), "(none)");
    ASSERT_FALSE(driver.packet());
    driver.flush();
    driver.answer(challenge());
    ASSERT_EQ(driver.engine.wants(), Want::Connect);
    driver.engine.connected(driver.now);
  }

  SessionAuthenticator proxy;
  EngineDriver driver;
};

TEST_F(ProxyNtlm, C22_APushStartStaysOnTheConnectionThatWasLetIn) {
  set_up();
  ASSERT_FALSE(driver.header());
  EXPECT_EQ(next().header("Proxy-Authorization"), "(none)");
}

TEST_F(ProxyNtlm, C22_APushStartOnANewConnectionIsLetInByRoundsWithoutABody) {
  set_up();
  start_on_new_connection();
  const SentRequest first = next();
  EXPECT_EQ(first.header("Proxy-Authorization"), "NTLM round1");
  EXPECT_EQ(first.header("Content-Type"), "application/x-wms-pushstart");
  EXPECT_EQ(first.content_length, 0);
  EXPECT_EQ(driver.engine.wants(), Want::Receive);
  EXPECT_FALSE(driver.packet());
  EXPECT_EQ(driver.flush(), "") << "it waits for the rounds";

  driver.answer(challenge(" TlRMTVNTUAACAAAA"));
  const SentRequest last = next();
  EXPECT_EQ(last.header("Proxy-Authorization"), "NTLM round2");
  EXPECT_EQ(ids(frames_in(last.body)), "HDD");
  EXPECT_EQ(driver.engine.state(), State::Streaming);
  ASSERT_FALSE(driver.packet());
  EXPECT_EQ(ids(frames_in(driver.flush())), "D");
}

TEST_F(ProxyNtlm, C22_AServersChallengeMeansThatTheProxyWasContent) {
  SessionAuthenticator server(
      auth::SchemeNegotiation({"server", "user", "secret"}, {}, {auth::Scheme::Digest}));
  auto both = config();
  both.server_authenticator = &server;
  EngineDriver through(both);
  through.set_up(challenge());
  through.flush();
  through.answer(challenge(" TlRMTVNTUAACAAAA"));
  through.flush();
  through.answer(answer("401 Unauthorized",
                        "WWW-Authenticate: Digest realm=\"s\", nonce=\"n\", qop=\"auth\"\r\n"
                        "Connection: close\r\n"));
  ASSERT_EQ(through.engine.wants(), Want::Connect);
  through.engine.connected(through.now);
  through.flush();
  through.answer(challenge());  // it does not know this connection
  const SentRequest first = requests_in(through.flush()).at(0);
  EXPECT_EQ(first.header("Proxy-Authorization"), "NTLM round1");
  EXPECT_EQ(first.header("Authorization"), "(none)");
  through.answer(challenge(" TlRMTVNTUAACAAAA"));
  const SentRequest last = requests_in(through.flush()).at(0);
  EXPECT_EQ(last.header("Proxy-Authorization"), "NTLM round2");
  EXPECT_THAT(last.header("Authorization"), StartsWith("Digest "));
  through.answer(kAccepted);
  EXPECT_EQ(through.engine.state(), State::Ready) << through.engine.error().message;
}

TEST_F(ProxyNtlm, C22_AProxyThatLetsAConnectionInEarlyGetsTheBodyThen) {
  set_up();
  start_on_new_connection();
  EXPECT_EQ(next().content_length, 0);
  driver.answer(kNextPlease);
  const SentRequest last = next();
  EXPECT_EQ(last.header("Proxy-Authorization"), "(none)");
  EXPECT_EQ(ids(frames_in(last.body)), "HD");
}

TEST_F(ProxyNtlm, C22_TheRoundsOfAPushStartEndWhereThePasswordIsRefused) {
  set_up();
  start_on_new_connection();
  driver.flush();
  driver.answer(challenge());
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(driver.engine.error().message, HasSubstr("user 'pat'"));
}

TEST_F(ProxyNtlm, C22_C33_EveryLossIsFollowedByRoundsOfItsOwn) {
  auto again = config();
  again.reconnect = true;
  again.resume = wmhttp::Resume::Always;
  again.reconnect_delay_max = std::chrono::milliseconds(10);
  EngineDriver through(again);
  through.set_up(challenge());
  through.flush();
  through.answer(challenge(" TlRMTVNTUAACAAAA"));
  through.flush();
  through.answer(kAccepted);
  ASSERT_FALSE(through.header());
  through.flush();
  for (int loss = 1; loss <= 3; ++loss) {
    through.engine.connection_lost({Result::NS_E_CONNECTION_FAILURE, 0, ECONNRESET, "reset"},
                                   through.now);
    through.pass(std::chrono::seconds(1));
    through.engine.tick(through.now);
    ASSERT_EQ(through.engine.wants(), Want::Connect) << loss;
    through.engine.connected(through.now);
    through.flush();
    through.answer(challenge());  // it does not know this connection
    ASSERT_EQ(through.engine.wants(), Want::Connect) << loss << through.engine.error().message;
    through.engine.connected(through.now);
    EXPECT_EQ(requests_in(through.flush()).at(0).header("Proxy-Authorization"), "NTLM round1");
    through.answer(challenge(" TlRMTVNTUAACAAAA"));
    EXPECT_EQ(requests_in(through.flush()).at(0).header("Proxy-Authorization"), "NTLM round2");
    EXPECT_FALSE(through.engine.error()) << loss;
  }
}

TEST_F(ProxyNtlm, C22_AProxyThatIsSilentInTheRoundsIsNotWaitedForForEver) {
  set_up();
  start_on_new_connection();
  driver.flush();
  driver.pass(std::chrono::seconds(15));
  driver.engine.tick(driver.now);
  EXPECT_EQ(driver.engine.error().result, Result::NS_E_TIMEOUT);
}

}  // namespace
}  // namespace wmpush::test
