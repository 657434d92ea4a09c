// Rule C23 over real sockets: PushSink is sent from one publishing point to another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "pubpoint/server.hpp"
#include "support/faulty_server.hpp"
#include "support/forward_proxy.hpp"
#include "support/push_fixture.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Settings;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kPassword = "sesame-open";

class RedirectTest : public PushFixture {
 protected:
  RedirectTest() {
    forget_proxies();
    options.user = "ali";
    options.password = kPassword;
  }

  static Settings guarded(std::vector<std::string> schemes) {
    Settings settings;
    settings.authentication.user = "ali";
    settings.authentication.password = kPassword;
    settings.authentication.schemes = std::move(schemes);
    return settings;
  }
  /// `first` sends whoever comes to `location`.
  void redirect(const std::string& location, const std::string& status = "302 Found") {
    Fault fault;
    fault.at = At::PushSetup;
    fault.response = "HTTP/1.1 " + status + "\r\nServer: Cougar/9.6\r\nLocation: " + location +
                     "\r\nContent-Length: 0\r\n\r\n";
    first.add_fault(fault);
  }
  Result push() { return PushFixture::push(first.url()); }

  FaultyServer first{Settings{}};
};

TEST_F(RedirectTest, C23_TheStreamGoesWhereTheRedirectLeads) {
  FaultyServer second{Settings{}};
  redirect(second.url());
  ASSERT_EQ(push(), Result::S_OK) << message;
  ASSERT_THAT(second.sessions(), SizeIs(1));
  EXPECT_EQ(second.sessions().back().packets, packets);
  EXPECT_TRUE(second.sessions().back().end_of_stream);
  EXPECT_THAT(second.breaches(), IsEmpty());
  EXPECT_THAT(first.sessions(), IsEmpty());
  EXPECT_THAT(lines, AllOf(HasSubstr("redirected (302 Found) to " + second.url()),
                           HasSubstr(second.url() + ": session accepted")));
}

TEST_F(RedirectTest, C23_AnotherHostIsToldWhoIsThereOnlyWhenItAsksAndNotByBasic) {
  FaultyServer digest(guarded({"Digest"}));
  redirect(digest.url());
  EXPECT_EQ(push(), Result::S_OK) << message;
  for (const auto& attempt : digest.attempts()) EXPECT_TRUE(attempt.granted);
  EXPECT_THAT(digest.attempts(), SizeIs(2));  // the first PushSetup had none

  FaultyServer basic(guarded({"Basic"}));
  redirect(basic.url());
  EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED);
  EXPECT_THAT(basic.attempts(), IsEmpty());
  EXPECT_THAT(message, AllOf(HasSubstr(basic.url()), HasSubstr("redirect"), HasSubstr("auth=basic"),
                             Not(HasSubstr(kPassword))));

  options.auth = "basic";
  redirect(basic.url());
  EXPECT_EQ(push(), Result::S_OK) << message;
  EXPECT_THAT(lines, Not(HasSubstr(kPassword)));
}

TEST_F(RedirectTest, C23_AProxyThatTheServerNamesIsGoneThroughWhenThatIsAllowed) {
  ForwardProxy proxy;
  redirect(proxy.url(), "305 Use Proxy");
  EXPECT_EQ(push(), Result::E_FAIL);
  EXPECT_THAT(message, AllOf(HasSubstr("305"), HasSubstr("allow_305=1")));
  EXPECT_EQ(proxy.client_connections(), 0u);

  options.allow_305 = 1;
  redirect(proxy.url(), "305 Use Proxy");
  EXPECT_EQ(push(), Result::S_OK) << message;
  EXPECT_EQ(proxy.client_connections(), 1u);
  EXPECT_EQ(first.sessions().back().packets, packets);
  EXPECT_THAT(proxy.breaches(), IsEmpty());
}

TEST_F(RedirectTest, C23_AProxyThatTheServerNamesInVainIsNamed) {
  std::string gone;
  {
    const ForwardProxy proxy;
    gone = proxy.url();
  }
  options.allow_305 = 1;
  redirect(gone, "305 Use Proxy");
  EXPECT_EQ(push(), Result::NS_E_PROXY_NOT_FOUND);
  EXPECT_THAT(message, AllOf(HasSubstr("which the server names"), HasSubstr("allow_305=0")));
}

TEST_F(RedirectTest, C23_NoProxyIsLookedAtAgainForTheNewHost) {
  const ForwardProxy proxy;
  FaultyServer second{Settings{}};
  ::setenv("http_proxy", proxy.url().c_str(), 1);
  ::setenv("no_proxy", ("127.0.0.1:" + std::to_string(second.port())).c_str(), 1);
  redirect(second.url());
  EXPECT_EQ(push(), Result::S_OK) << message;
  forget_proxies();
  EXPECT_EQ(proxy.heads().size(), 1u);
  EXPECT_EQ(second.sessions().back().packets, packets);
}

}  // namespace
}  // namespace wmpush::test
