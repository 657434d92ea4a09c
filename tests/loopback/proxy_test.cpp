// Rules C09, C10, C22 and C27 over real sockets: PushSink through a forward proxy.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "support/forward_proxy.hpp"
#include "support/push_fixture.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Attempt;
using pubpoint::Server;
using pubpoint::Settings;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class ProxyTest : public PushFixture {
 protected:
  ProxyTest() { forget_proxies(); }
  ~ProxyTest() override { forget_proxies(); }

  static ForwardProxy::Settings guarded(std::vector<std::string> schemes) {
    ForwardProxy::Settings settings;
    settings.authentication.user = "pat";
    settings.authentication.password = "hush-hush";
    settings.authentication.realm = "the office";
    settings.authentication.schemes = std::move(schemes);
    return settings;
  }

  Result push(const std::string& through, const std::string& asf = clip()) {
    proxy_url = through;
    options.http_proxy = proxy_url.c_str();
    return push_by_environment(asf);
  }
  Result push_by_environment(const std::string& asf = clip()) {
    const Result result = PushFixture::push(server.url(), as_bytes(asf));
    expect_no_breach(server);
    return result;
  }

  void expect_delivered() const { PushFixture::expect_delivered(server); }

  static std::vector<std::string> shown(const ForwardProxy& proxy) {
    std::vector<std::string> texts;
    for (const Attempt& attempt : proxy.attempts())
      texts.push_back(attempt.scheme + (attempt.granted ? " granted"
                                        : attempt.stale ? " stale"
                                                        : " refused"));
    return texts;
  }

  Server server{Settings{}};
  std::string proxy_url;
};

TEST_F(ProxyTest, C10_APushGoesThroughAnOpenProxy) {
  ForwardProxy proxy;
  ASSERT_EQ(push(proxy.url()), Result::S_OK) << message;
  expect_delivered();
  EXPECT_THAT(proxy.breaches(), IsEmpty());
  EXPECT_EQ(proxy.client_connections(), 1u);
  EXPECT_EQ(proxy.origin_connections(), 2u);
  EXPECT_THAT(lines, HasSubstr("connecting to the proxy 127.0.0.1"));
}

TEST_F(ProxyTest, C09_APushStartThroughAProxyLastsAMinute) {
  ForwardProxy proxy;
  ASSERT_EQ(push(proxy.url()), Result::S_OK) << message;
  EXPECT_THAT(proxy.heads().back(), Not(HasSubstr("Content-Length: 2147483647")));
}

TEST_F(ProxyTest, C10_TheEnvironmentNamesAProxyAndExceptsHosts) {
  ForwardProxy proxy;
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  EXPECT_EQ(push_by_environment(), Result::S_OK) << message;
  EXPECT_EQ(proxy.client_connections(), 1u);
  ::setenv("no_proxy", "localhost,127.0.0.0/8", 1);
  EXPECT_EQ(push_by_environment(), Result::S_OK) << message;
  EXPECT_EQ(proxy.client_connections(), 1u);
  ::unsetenv("no_proxy");
  EXPECT_EQ(push(""), Result::S_OK) << message;
  EXPECT_EQ(proxy.client_connections(), 1u);
}

TEST_F(ProxyTest, C22_AProxyIsGivenItsPasswordByDigestOrBasic) {
  for (const char* scheme : {"Digest", "Basic"}) {
    for (const bool closes : {false, true}) {
      auto settings = guarded({scheme});
      settings.close_after_challenge = closes;
      ForwardProxy proxy(settings);
      ASSERT_EQ(push(proxy.url("pat:hush-hush")), Result::S_OK) << scheme << message;
      expect_delivered();
      EXPECT_THAT(proxy.breaches(), IsEmpty());
      const std::string granted = std::string(scheme) + " granted";
      EXPECT_THAT(shown(proxy), ElementsAre(granted, granted));
      EXPECT_THAT(lines, AllOf(HasSubstr("proxy 127.0.0.1:"), Not(HasSubstr("hush-hush"))));
    }
  }
}

TEST_F(ProxyTest, C22_AWrongPasswordForTheProxyIsTriedOnceAndByBasicOnlyWhereThatIsAllowed) {
  ForwardProxy proxy(guarded({"Digest", "Basic"}));
  EXPECT_EQ(push(proxy.url("pat:wrong-guess")), Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(shown(proxy), ElementsAre("Digest refused"));
  EXPECT_THAT(message, AllOf(HasSubstr("Basic was left out"), HasSubstr("auth=basic")));
  EXPECT_THAT(message, AllOf(HasSubstr("the proxy 127.0.0.1:" + std::to_string(proxy.port())),
                             HasSubstr("realm 'the office'"), HasSubstr("user 'pat'")));
  EXPECT_THAT(lines + message, Not(HasSubstr("wrong-guess")));
  EXPECT_EQ(server.requests(), 0u);
  options.auth = "basic";
  ForwardProxy other(guarded({"Digest", "Basic"}));
  EXPECT_EQ(push(other.url("pat:wrong-guess")), Result::NS_E_PROXY_ACCESSDENIED);
  EXPECT_THAT(shown(other), ElementsAre("Digest refused", "Basic refused"));
  EXPECT_THAT(message, Not(HasSubstr("left out")));
}

TEST_F(ProxyTest, C22_ProxyAndServerAreGivenEachTheirOwnPassword) {
  Settings settings;
  settings.authentication.user = "ali";
  settings.authentication.password = "sesame-open";
  Server guarded_server(settings);
  ForwardProxy proxy(guarded({"Digest"}));
  const std::string through = proxy.url("pat:hush-hush");
  options.http_proxy = through.c_str();
  options.user = "ali";
  options.password = "sesame-open";
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(guarded_server.url()), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(guarded_server.attempts().size(), 1u);
  EXPECT_TRUE(guarded_server.attempts().front().granted);
  EXPECT_THAT(proxy.breaches(), IsEmpty());
  for (const auto& breach : guarded_server.breaches())
    ADD_FAILURE() << breach.rule << ": " << breach.text;
}

TEST_F(ProxyTest, C27_TwoHundredRolloversLoseNothingThoughEachIsAnotherConnectionOfTheServers) {
  ForwardProxy proxy(guarded({"Digest"}));
  options.content_length = 70000;
  // A clip of 14 MB.
  const std::string& asf = clip("-c:v rawvideo -s 640x480 -pix_fmt yuv420p -f asf");
  ASSERT_EQ(push(proxy.url("pat:hush-hush"), asf), Result::S_OK) << message;
  expect_delivered();
  const auto session = server.sessions().back();
  EXPECT_GE(session.push_starts, 200u);
  EXPECT_EQ(proxy.origin_connections(), session.push_starts + 1);
  EXPECT_EQ(proxy.client_connections(), 1u);
  EXPECT_THAT(proxy.breaches(), IsEmpty());
}

TEST_F(ProxyTest, C22_ANonceThatRunsOutInTheMiddleIsReplacedAndNothingIsLost) {
  auto settings = guarded({"Digest"});
  settings.authentication.nonce_uses = 3;
  ForwardProxy proxy(settings);
  options.content_length = 12000;
  ASSERT_EQ(push(proxy.url("pat:hush-hush")), Result::S_OK) << message;
  expect_delivered();
  EXPECT_THAT(shown(proxy), AllOf(::testing::Contains("Digest stale"),
                                  Not(::testing::Contains("Digest refused"))));
}

TEST_F(ProxyTest, NamesTheProxyThatCannotBeReachedAndWhereItsNameComesFrom) {
  std::string gone;
  {
    const ForwardProxy proxy;
    gone = proxy.url("pat:hush-hush");
  }
  EXPECT_EQ(push(gone), Result::NS_E_PROXY_NOT_FOUND);
  EXPECT_THAT(message, AllOf(HasSubstr("proxy 127.0.0.1:"), HasSubstr("the option http_proxy"),
                             HasSubstr("refused"), Not(HasSubstr("hush-hush"))));
  ::setenv("http_proxy", gone.c_str(), 1);
  options.http_proxy = nullptr;
  EXPECT_EQ(push_by_environment(), Result::NS_E_PROXY_NOT_FOUND);
  EXPECT_THAT(message, AllOf(HasSubstr("http_proxy in the environment"), HasSubstr("no_proxy")));
  ::setenv("http_proxy", "http://proxy.invalid", 1);
  EXPECT_EQ(push_by_environment(), Result::NS_E_PROXY_NOT_FOUND);
}

TEST_F(ProxyTest, SaysThatItIsTheProxyWhichDoesNotReachTheServer) {
  ForwardProxy proxy;
  const std::string through = proxy.url();
  options.http_proxy = through.c_str();
  std::string url;
  {
    const Server gone{Settings{}};
    url = gone.url();
  }
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(url), Result::NS_E_SERVER_UNAVAILABLE);
  EXPECT_THAT(sink.last_error().message,
              AllOf(HasSubstr("proxy 127.0.0.1:"), HasSubstr("could not reach 127.0.0.1:")));
}

}  // namespace
}  // namespace wmpush::test
