// The gatekeeper, answered by the client's half, which shares nothing with it.
#include "pubpoint/access/gatekeeper.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/scheme_negotiation.hpp"

namespace wmpush::test {
namespace {

using namespace pubpoint;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kBasic = "Basic YWxpOlNlc2Ft";       // ali:Sesam
constexpr const char* kWrongBasic = "Basic YWxpOnNlc2Ft";  // ali:sesam

class GatekeeperTest : public ::testing::Test {
 protected:
  GatekeeperTest() { users.add("ali", "publishing point", "Sesam", Hash::Md5); }

  Gatekeeper& gatekeeper() {
    if (!gatekeeper_) gatekeeper_.emplace(settings, users);
    return *gatekeeper_;
  }
  Gatekeeper::Admission ask(std::string_view authorization, Right right = Right::Push,
                            std::string_view point = "/live") {
    return gatekeeper().admit(authorization, method, target, right, point, now);
  }
  /// A client that has been challenged.
  auth::SchemeNegotiation client(const std::string& password = "Sesam",
                                 const std::string& user = "ali") {
    auth::SchemeNegotiation negotiation({"host", user, password}, {}, {auth::Scheme::Digest});
    challenge(negotiation, ask("").challenge);
    return negotiation;
  }
  static bool challenge(auth::SchemeNegotiation& negotiation, const std::string& text) {
    const std::vector<std::string> fields{text};
    return negotiation.challenged(fields, {});
  }
  std::string say(auth::SchemeNegotiation& negotiation) const {
    return negotiation.authorization({method, target});
  }

  Authentication settings;
  Users users;
  std::string method = "POST";
  std::string target = "/live";
  Clock::time_point now{std::chrono::hours(1)};

 private:
  std::optional<Gatekeeper> gatekeeper_;
};

TEST_F(GatekeeperTest, OffersDigestAndBasic) {
  const auto admission = ask("");
  EXPECT_FALSE(admission.granted);
  EXPECT_FALSE(admission.attempted);
  EXPECT_EQ(admission.status, 401);
  EXPECT_THAT(admission.challenge, HasSubstr("Digest realm=\"publishing point\", nonce=\""));
  EXPECT_THAT(admission.challenge, HasSubstr(", Basic realm=\"publishing point\""));
  EXPECT_THAT(admission.challenge, Not(HasSubstr("stale")));
}

TEST_F(GatekeeperTest, LetsInByDigestOfEitherHash) {
  users.add("ali", "", "Sesam", Hash::Sha256);
  EXPECT_THAT(ask("").challenge, HasSubstr("algorithm=SHA-256"));
  EXPECT_THAT(ask("").challenge, HasSubstr("algorithm=MD5"));
  auto ali = client();
  const std::string said = say(ali);
  EXPECT_THAT(said, HasSubstr("algorithm=SHA-256"));
  const auto admission = ask(said);
  EXPECT_TRUE(admission.granted) << admission.breach;
  EXPECT_EQ(admission.user, "ali");
}

TEST_F(GatekeeperTest, OffersNoDigestThatSomebodyCouldNotAnswer) {
  users.add("bob", "", "open", Hash::Md5);
  users.add("bob", "", "open", Hash::Sha256);
  EXPECT_THAT(ask("").challenge, Not(HasSubstr("SHA-256")));
  auto bob = client("open", "bob");
  EXPECT_TRUE(ask(say(bob)).granted);
}

TEST_F(GatekeeperTest, LetsInByDigestForAGetWithAQuery) {
  method = "GET";
  target = "/live?token=a.b&x=1";
  auto ali = client();
  for (int i = 0; i < 3; ++i) {
    const auto admission = ask(say(ali), Right::Watch);
    EXPECT_TRUE(admission.granted) << admission.breach;
    EXPECT_EQ(admission.attempt.scheme, "Digest");
  }
  const std::string said = say(ali);
  method = "POST";
  EXPECT_FALSE(ask(said, Right::Watch).granted);
}

TEST_F(GatekeeperTest, LetsInByBasicAgainstTheHash) {
  EXPECT_TRUE(ask(kBasic).granted);
  EXPECT_TRUE(ask("basic YWxpOlNlc2Ft").granted);
  EXPECT_EQ(ask(kBasic).attempt.scheme, "Basic");
  const auto wrong = ask(kWrongBasic);
  EXPECT_FALSE(wrong.granted);
  EXPECT_TRUE(wrong.attempted);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.attempt.user, "ali");
  EXPECT_EQ(wrong.user, "");
  for (const char* bad : {"Basic", "Basic ", "Basic !", "Basic YWxp"})
    EXPECT_THAT(ask(bad).breach, HasSubstr("no user:password")) << bad;
}

TEST_F(GatekeeperTest, AWrongPasswordIsNotStale) {
  auto ali = client("wrong");
  const auto admission = ask(say(ali));
  EXPECT_FALSE(admission.granted);
  EXPECT_FALSE(admission.attempt.stale);
  EXPECT_EQ(admission.attempt.user, "ali");
  auto eve = client("Sesam", "eve");
  EXPECT_FALSE(ask(say(eve)).granted);
}

TEST_F(GatekeeperTest, AnAnswerCannotBeGivenTwice) {
  auto ali = client();
  const std::string said = say(ali);
  EXPECT_TRUE(ask(said).granted);
  const auto again = ask(said);
  EXPECT_FALSE(again.granted);
  EXPECT_THAT(again.breach, HasSubstr("nonce count"));
}

TEST_F(GatekeeperTest, ANonceThatNobodyUsesGrowsOld) {
  settings.nonce_lifetime = std::chrono::seconds(300);
  auto ali = client();
  for (int i = 0; i < 5; ++i) {
    now += std::chrono::seconds(299);
    EXPECT_TRUE(ask(say(ali)).granted);
  }
  now += std::chrono::seconds(300);
  const auto old = ask(say(ali));
  EXPECT_FALSE(old.granted);
  EXPECT_TRUE(old.attempt.stale);
  EXPECT_EQ(old.breach, "");
  EXPECT_THAT(old.challenge, HasSubstr("stale=true"));
  ASSERT_TRUE(challenge(ali, old.challenge));
  EXPECT_TRUE(ask(say(ali)).granted);
}

TEST_F(GatekeeperTest, WithoutACountANonceIsGoodForItsLifetimeOnly) {
  settings.qop = false;
  settings.schemes = {"Digest"};
  auto ali = client();
  now += std::chrono::seconds(200);
  EXPECT_TRUE(ask(say(ali)).granted);
  now += std::chrono::seconds(100);
  EXPECT_TRUE(ask(say(ali)).attempt.stale);
}

TEST_F(GatekeeperTest, WhoAsksForNonceAfterNonceDoesNotTakeThoseInUse) {
  settings.nonces = 10;
  auto ali = client();
  auto idle = client();
  for (int i = 0; i < 9; ++i) {
    EXPECT_TRUE(ask(say(ali)).granted);
    ask("");
  }
  EXPECT_TRUE(ask(say(ali)).granted);
  EXPECT_TRUE(ask(say(idle)).attempt.stale);
}

TEST_F(GatekeeperTest, WhoLacksTheRightIsForbiddenAndNotAskedAgain) {
  UserGrant grant;
  ASSERT_EQ(UserGrant::parse("ali:watch:/live", grant), "");
  users.grant(grant);
  const auto push = ask(kBasic, Right::Push);
  EXPECT_FALSE(push.granted);
  EXPECT_EQ(push.status, 403);
  EXPECT_EQ(push.challenge, "");
  EXPECT_EQ(push.user, "ali");
  EXPECT_TRUE(push.attempt.forbidden);
  EXPECT_TRUE(ask(kBasic, Right::Watch).granted);
  EXPECT_EQ(ask(kBasic, Right::Watch, "/other").status, 403);
  EXPECT_EQ(ask(kWrongBasic, Right::Push).status, 401);
}

TEST_F(GatekeeperTest, LetsEverybodyInWhereThatIsGranted) {
  UserGrant grant;
  ASSERT_EQ(UserGrant::parse("*:watch:*", grant), "");
  users.grant(grant);
  EXPECT_TRUE(ask("", Right::Watch).granted);
  EXPECT_TRUE(ask(kWrongBasic, Right::Watch).granted);
  EXPECT_EQ(ask("", Right::Push).status, 401);
}

TEST(Gatekeeper, WithoutUsersHasNobodyToAsk) {
  Gatekeeper gatekeeper{Authentication{}};
  const Clock::time_point now{};
  EXPECT_TRUE(gatekeeper.admit("", "POST", "/live", Right::Push, "/live", now).granted);
  EXPECT_EQ(gatekeeper.admit("", "GET", "/live", Right::Administer, "/live", now).status, 403);
}

TEST(Gatekeeper, SchemesThatAreNotOfferedAreABreach) {
  Authentication settings;
  settings.user = "ali";
  settings.password = "Sesam";
  settings.schemes = {"Digest"};
  Gatekeeper gatekeeper(settings);
  const auto admission = gatekeeper.admit(kBasic, "POST", "/live", Right::Push, "/live", {});
  EXPECT_FALSE(admission.granted);
  EXPECT_THAT(admission.breach, HasSubstr("not offered"));
  EXPECT_THAT(admission.challenge, Not(HasSubstr("Basic")));
}

TEST(Gatekeeper, QuotesTheRealm) {
  Authentication settings;
  settings.user = "ali";
  settings.realm = "a \"b\" \\";
  Gatekeeper gatekeeper(settings);
  EXPECT_THAT(gatekeeper.admit("", "POST", "/", Right::Push, "/", {}).challenge,
              HasSubstr("Basic realm=\"a \\\"b\\\" \\\\\""));
}

}  // namespace
}  // namespace wmpush::test
