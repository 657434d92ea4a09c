#include "wmhttp/route.hpp"

#include <gmock/gmock.h>

namespace wmpush::wmhttp {
namespace {

using testing::HasSubstr;

Response redirect(int status, const std::string& location) {
  Response response;
  response.status = status;
  response.location = location;
  return response;
}

class RouteTest : public testing::Test {
 protected:
  Error follow(const std::string& location, int status = 302) {
    return route.follow(redirect(status, location), note);
  }

  Route route{{{"server", 8080}, "/a/live?x=1"}, std::nullopt, false};
  std::string note;
};

TEST_F(RouteTest, GoesStraightToTheServerOrThroughAProxyThatIsToldTheWholeAddress) {
  EXPECT_EQ(route.next_hop().host, "server");
  EXPECT_EQ(route.request_target(), "/a/live?x=1");
  EXPECT_FALSE(route.proxied());
  route.go_through(Destination{"proxy", 3128});
  EXPECT_EQ(route.next_hop().host, "proxy");
  EXPECT_EQ(route.request_target(), "http://server:8080/a/live?x=1");
  EXPECT_EQ(route.proxy_text(), "proxy proxy:3128");
}

TEST_F(RouteTest, TlsReachesThroughAProxyThatSeesNoRequest) {
  route.go_to({{"server", 8443, true}, "/live"});
  route.go_through(Destination{"proxy", 3128});
  EXPECT_TRUE(route.tunnels());
  EXPECT_EQ(route.next_hop().host, "proxy");
  EXPECT_EQ(route.request_target(), "/live");
  EXPECT_FALSE(route.proxied());
  EXPECT_EQ(route.host(), "server:8443");
  EXPECT_EQ(route.place().text(), "wmpushs://server:8443/live");
}

TEST_F(RouteTest, AProxyThatShowsItselfIsOneWithoutAName) {
  route.saw_proxy();
  EXPECT_TRUE(route.proxied());
  EXPECT_EQ(route.proxy_text(), "proxy in between");
}

TEST_F(RouteTest, C23_FollowsLocationsOfEveryForm) {
  const std::pair<const char*, const char*> cases[] = {
      {"http://other/b", "wmpush://other/b"},      {"HTTP://other:81/b", "wmpush://other:81/b"},
      {"//other/b", "wmpush://other/b"},           {"/b", "wmpush://server:8080/b"},
      {"b", "wmpush://server:8080/a/b"},           {"../b", "wmpush://server:8080/b"},
      {"?y=2", "wmpush://server:8080/a/live?y=2"}, {"/b#part", "wmpush://server:8080/b"}};
  for (const auto& [location, place] : cases) {
    route.go_home();
    route.arrive();
    EXPECT_FALSE(follow(location)) << location;
    EXPECT_EQ(route.place().text(), place) << location;
    EXPECT_THAT(note, HasSubstr(place));
  }
}

TEST_F(RouteTest, SaysWhichRedirectsAreNone) {
  EXPECT_TRUE(follow("").message.empty());
  EXPECT_EQ(follow("").result, Result::E_FAIL);
  EXPECT_TRUE(follow("/b", 306).message.empty());
  EXPECT_THAT(follow("ftp://other/b").message, HasSubstr("cannot be followed"));
  EXPECT_EQ(route.place().target, "/a/live?x=1");
}

TEST_F(RouteTest, C23_FollowsEightRedirectsAndNoMore) {
  for (int i = 0; i < kMaxRedirects; ++i) EXPECT_FALSE(follow("/" + std::to_string(i)));
  EXPECT_THAT(follow("/9").message, HasSubstr("more than 8 redirects"));
  route.arrive();
  EXPECT_FALSE(follow("/again"));
}

TEST_F(RouteTest, ComesHome) {
  EXPECT_FALSE(follow("http://other/b"));
  EXPECT_TRUE(route.redirected());
  route.go_home();
  EXPECT_EQ(route.place().text(), "wmpush://server:8080/a/live?x=1");
}

TEST_F(RouteTest, C23_GoesThroughAProxyThatTheServerNamesOnlyWhereThatIsAllowedAndOnce) {
  EXPECT_THAT(route.name_proxy(redirect(305, "http://proxy:81/"), note).message,
              HasSubstr("allow_305=1"));
  Route allowed({{"server", 80}, "/live"}, std::nullopt, true);
  EXPECT_FALSE(allowed.name_proxy(redirect(305, "http://proxy:81/"), note));
  EXPECT_EQ(allowed.proxy()->authority(), "proxy:81");
  EXPECT_THAT(allowed.name_proxy(redirect(305, "http://proxy:82/"), note).message,
              HasSubstr("another proxy"));
}

}  // namespace
}  // namespace wmpush::wmhttp
