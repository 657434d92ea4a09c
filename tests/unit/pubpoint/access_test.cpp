// Address, token, password and right together.
#include "pubpoint/access/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/access/token.hpp"

namespace wmpush::test {
namespace {

using namespace pubpoint;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kKey = "0123456789abcdef";
constexpr const char* kBasic = "Basic YWxpOlNlc2Ft";       // ali:Sesam
constexpr const char* kWrongBasic = "Basic YWxpOnNlc2Ft";  // ali:sesam
const std::chrono::system_clock::time_point kWallClock{std::chrono::seconds(1790000000)};

class AccessTest : public ::testing::Test {
 protected:
  void with_user() { settings.users.add("ali", "r", "Sesam", Hash::Md5); }
  void grant(std::string_view text) {
    UserGrant grant;
    ASSERT_EQ(UserGrant::parse(text, grant), "");
    settings.users.grant(grant);
  }
  AccessDecision push(std::string_view authorization = "") {
    return ask({.right = Right::Push,
                .method = "POST",
                .target = "/live",
                .authorization = authorization,
                .address = address,
                .point = "/live"});
  }
  AccessDecision watch(const std::string& token = "", std::string_view authorization = "") {
    const std::string target = token.empty() ? "/live" : "/live?token=" + token;
    return ask({.right = Right::Watch,
                .method = "GET",
                .target = target,
                .authorization = authorization,
                .address = address,
                .point = "/live"});
  }
  static std::string token(std::chrono::seconds lifetime, std::string_view point = "/live") {
    PointPattern points;
    EXPECT_EQ(PointPattern::parse(point, points), "");
    return make_token(kKey, points, kWallClock + lifetime);
  }

  AccessSettings settings;
  Authentication authentication;
  std::string address = "192.0.2.1";
  Clock::time_point now{1h};

 private:
  AccessDecision ask(const AccessRequest& request) {
    if (!access_) access_.emplace(settings, authentication);
    return access_->decide(request, now, kWallClock);
  }
  std::optional<Access> access_;
};

TEST_F(AccessTest, IsOpenWithoutSettings) {
  EXPECT_TRUE(push().granted);
  EXPECT_TRUE(watch().granted);
}

TEST_F(AccessTest, TheUserOfTheSettingsIsForPushingAndEverybodyMayWatch) {
  authentication.user = "ali";
  authentication.password = "Sesam";
  EXPECT_EQ(push().status, 401);
  EXPECT_TRUE(push(kBasic).granted);
  EXPECT_TRUE(watch().granted);
}

TEST_F(AccessTest, UsersOfAFileAreAskedForBoth) {
  with_user();
  EXPECT_THAT(push().challenge, HasSubstr("Basic realm=\"r\""));
  EXPECT_EQ(watch().status, 401);
  EXPECT_EQ(watch("", kBasic).user, "ali");
}

TEST_F(AccessTest, AddressesThatMayNotAreForbiddenWhateverTheySay) {
  with_user();
  ASSERT_EQ(AddressList::parse("192.0.2.0/24", settings.push_from), "");
  ASSERT_EQ(AddressList::parse("!192.0.2.0/24,all", settings.watch_from), "");
  EXPECT_TRUE(push(kBasic).granted);
  EXPECT_EQ(watch("", kBasic).status, 403);
  address = "198.51.100.1";
  EXPECT_EQ(push(kBasic).status, 403);
  EXPECT_EQ(push().because, "its address may not push to /live");
  EXPECT_TRUE(watch("", kBasic).granted);
}

TEST_F(AccessTest, ATokenLetsWatchAndNotPush) {
  with_user();
  settings.token_key = kKey;
  EXPECT_TRUE(watch(token(1s)).granted);
  EXPECT_EQ(watch(token(0s)).status, 403);
  EXPECT_EQ(watch(token(0s)).because, "its token has expired");
  EXPECT_THAT(watch(token(1s, "/other")).because, HasSubstr("wrong"));
  EXPECT_EQ(watch().status, 401);
  EXPECT_TRUE(watch("", kBasic).granted);
  EXPECT_TRUE(watch(token(0s), kBasic).granted);
  EXPECT_EQ(push().status, 401);
}

TEST_F(AccessTest, WithAKeyOfTokensNobodyWatchesWithoutOne) {
  settings.token_key = kKey;
  EXPECT_TRUE(push().granted);
  EXPECT_EQ(watch().status, 403);
  EXPECT_EQ(watch("", kBasic).status, 403);
  EXPECT_TRUE(watch(token(1s)).granted);
}

TEST_F(AccessTest, TheSecondWrongPasswordWaitsForItsAnswerAndNothingElseDoes) {
  with_user();
  EXPECT_EQ(push(kWrongBasic).delay, 0ms);
  EXPECT_EQ(push(kWrongBasic).delay, 250ms);
  EXPECT_EQ(watch("", kWrongBasic).delay, 500ms);
  EXPECT_EQ(push().delay, 0ms);
  const auto stale = push(
      "Digest username=\"ali\", realm=\"r\", nonce=\"old\", uri=\"/live\", opaque=\"wmpush\", "
      "algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\", response=\"x\"");
  EXPECT_TRUE(stale.attempt.stale) << stale.breach;
  EXPECT_EQ(stale.delay, 0ms);
  EXPECT_EQ(stale.because, "");
  address = "192.0.2.2";
  EXPECT_EQ(push(kWrongBasic).delay, 0ms);
  address = "192.0.2.1";
  EXPECT_EQ(push(kWrongBasic).delay, 1000ms);
  EXPECT_EQ(push(kBasic).delay, 0ms);
  EXPECT_EQ(push(kWrongBasic).delay, 0ms);
}

TEST_F(AccessTest, AMissingRightIsNoWrongPassword) {
  with_user();
  grant("ali:watch:*");
  for (int i = 0; i < 3; ++i) {
    const auto decision = push(kBasic);
    EXPECT_EQ(decision.status, 403);
    EXPECT_EQ(decision.delay, 0ms);
    EXPECT_EQ(decision.because, "user 'ali' may not push to /live");
  }
}

TEST_F(AccessTest, AWrongPasswordIsToldWithoutIt) {
  with_user();
  EXPECT_EQ(push(kWrongBasic).because, "user 'ali' is not let in by Basic");
  EXPECT_EQ(push().because, "");
}

}  // namespace
}  // namespace wmpush::test
