#include "auth/scheme_negotiation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::auth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr RequestLine kRequest{"POST", "/live"};
constexpr SchemeNegotiation::Occasion kSetup{true, true};
constexpr SchemeNegotiation::Occasion kStart{false, false};

/// A scheme of so many rounds, whose tokens are "1", "2" and so on.
class FakeMechanism : public Mechanism {
 public:
  FakeMechanism(Scheme scheme, int rounds) : scheme_(scheme), rounds_(rounds) {}
  Step take(std::span<const Challenge>, std::string& why) override {
    if (rounds_ == 0) {
      why = "no ticket";
      return Step::Impossible;
    }
    return ++round_ > rounds_ ? Step::Refused : Step::Ready;
  }
  std::string authorization(const RequestLine&) override {
    return std::string(name(scheme_)) + " " + std::to_string(round_);
  }
  bool incomplete() const override { return round_ < rounds_; }
  void accepted() override {}

 private:
  const Scheme scheme_;
  const int rounds_;
  int round_ = 0;
};

/// Negotiate has no ticket, NTLM two rounds.
std::unique_ptr<Mechanism> make_fake(Scheme scheme, const Credentials& credentials) {
  if (scheme == Scheme::Negotiate) return std::make_unique<FakeMechanism>(scheme, 0);
  if (scheme == Scheme::Ntlm) return std::make_unique<FakeMechanism>(scheme, 2);
  return make_mechanism(scheme, credentials);
}

class SchemeNegotiationTest : public ::testing::Test {
 protected:
  SchemeNegotiation negotiation(std::optional<Scheme> pinned = {},
                                Credentials credentials = {"server", "user", "secret"}) {
    return SchemeNegotiation(std::move(credentials), pinned,
                             {kPreference.begin(), kPreference.end()}, make_fake);
  }
  static bool challenged(SchemeNegotiation& negotiation, std::vector<std::string> fields,
                         SchemeNegotiation::Occasion occasion = kSetup) {
    return negotiation.challenged(fields, occasion);
  }

  const std::vector<std::string> all{"Basic realm=\"b\"", "Digest realm=\"d\", nonce=\"n\"", "NTLM",
                                     "Negotiate"};
};

TEST_F(SchemeNegotiationTest, GoesFromTheBestSchemeToTheLastAndTriesEachOnceWhereBasicIsAllowed) {
  SchemeNegotiation it = negotiation();
  it.allow_basic_after_refusal();
  ASSERT_TRUE(challenged(it, all));
  EXPECT_EQ(it.authorization(kRequest), "NTLM 1");
  EXPECT_TRUE(it.incomplete());
  ASSERT_TRUE(challenged(it, {"NTLM dG9rZW4="}));
  EXPECT_EQ(it.authorization(kRequest), "NTLM 2");
  EXPECT_FALSE(it.incomplete());
  ASSERT_TRUE(challenged(it, all));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Digest "));
  ASSERT_TRUE(challenged(it, all));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
  EXPECT_FALSE(challenged(it, all));
  EXPECT_THAT(it.explanation(),
              AllOf(HasSubstr("refused user 'user' (NTLM; Digest, realm 'd'; Basic, realm 'b')"),
                    HasSubstr("Negotiate: no ticket"), HasSubstr("check user and password"),
                    Not(HasSubstr("secret"))));
}

TEST_F(SchemeNegotiationTest, DoesNotShowThePasswordByBasicToWhoeverHasRefusedIt) {
  const std::string realms = "Basic realm=\"b\"";
  SchemeNegotiation it = negotiation();
  ASSERT_TRUE(challenged(it, {realms, "Digest realm=\"d\", nonce=\"n\""}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Digest "));
  EXPECT_FALSE(challenged(it, {realms, "Digest realm=\"d\", nonce=\"m\""}));
  EXPECT_EQ(it.authorization(kRequest), "");
  EXPECT_THAT(it.explanation(),
              AllOf(HasSubstr("refused user 'user' (Digest, realm 'd')"),
                    HasSubstr("Basic was left out"), HasSubstr("auth=basic allows it"),
                    HasSubstr("check user and password"), Not(HasSubstr("secret"))));
  // Not when it is all that is offered then, and not in a session that is set up anew.
  EXPECT_FALSE(challenged(it, {realms}));
  it.begin_anew();
  EXPECT_FALSE(challenged(it, {realms}));
  EXPECT_THAT(it.explanation(), HasSubstr("Basic was left out"));
}

TEST_F(SchemeNegotiationTest, DoesNotShowThePasswordByBasicWhenAnAcceptedOneIsRefusedLater) {
  SchemeNegotiation it = negotiation();
  ASSERT_TRUE(challenged(it, {"Digest realm=\"d\", nonce=\"n\""}));
  it.authorization(kRequest);
  it.accepted();
  EXPECT_FALSE(challenged(it, {"Basic realm=\"b\""}));
  EXPECT_THAT(it.explanation(), HasSubstr("Basic was left out"));
}

TEST_F(SchemeNegotiationTest, UsesBasicWhereNothingBetterCanBeDoneAndSaysWhy) {
  SchemeNegotiation it = negotiation();
  ASSERT_TRUE(challenged(it, {"Negotiate", "Basic realm=\"b\""}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
  EXPECT_EQ(it.reason_for_basic(), "Negotiate: no ticket");
  SchemeNegotiation bare({"server", "user", "secret"}, {}, {Scheme::Basic});
  ASSERT_TRUE(challenged(bare, all));
  EXPECT_THAT(bare.reason_for_basic(), HasSubstr("Digest: cannot be done here"));
}

TEST_F(SchemeNegotiationTest, AnswersByBasicWithoutAReasonWhereItIsAllThatIsOfferedOrPinned) {
  SchemeNegotiation only = negotiation();
  ASSERT_TRUE(challenged(only, {"Basic realm=\"b\""}));
  EXPECT_EQ(only.reason_for_basic(), "");
  SchemeNegotiation pinned = negotiation(Scheme::Basic);
  ASSERT_TRUE(challenged(pinned, all));
  EXPECT_EQ(pinned.reason_for_basic(), "");
  SchemeNegotiation better = negotiation();
  ASSERT_TRUE(challenged(better, {"Negotiate", "Digest realm=\"d\", nonce=\"n\""}));
  EXPECT_EQ(better.reason_for_basic(), "");
}

TEST_F(SchemeNegotiationTest, UsesThePinnedSchemeAndNoOther) {
  SchemeNegotiation it = negotiation(Scheme::Basic);
  ASSERT_TRUE(challenged(it, all));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
  EXPECT_FALSE(challenged(it, all));

  SchemeNegotiation other = negotiation(Scheme::Digest);
  EXPECT_FALSE(challenged(other, {"Basic realm=\"b\""}));
  EXPECT_THAT(other.explanation(),
              AllOf(HasSubstr("Basic, realm 'b'"), HasSubstr("auth is Digest")));
}

TEST_F(SchemeNegotiationTest, SaysWhatIsMissing) {
  SchemeNegotiation nobody = negotiation({}, {"server", "", std::nullopt});
  EXPECT_FALSE(challenged(nobody, {"Basic realm=\"b\""}));
  EXPECT_THAT(nobody.explanation(), HasSubstr("give user and password"));
  SchemeNegotiation half = negotiation({}, {"server", "user", std::nullopt});
  EXPECT_FALSE(challenged(half, {"Basic realm=\"b\""}));
  EXPECT_THAT(half.explanation(), HasSubstr("give the password"));
  SchemeNegotiation strange = negotiation();
  EXPECT_FALSE(challenged(strange, {"Bearer realm=\"b\""}));
  EXPECT_THAT(strange.explanation(), HasSubstr("Bearer, realm 'b'"));
  SchemeNegotiation mute = negotiation();
  EXPECT_FALSE(challenged(mute, {}));
  EXPECT_THAT(mute.explanation(), HasSubstr("names no scheme"));
}

TEST_F(SchemeNegotiationTest, RemembersWhatElseWasOfferedBeforeASchemesRounds) {
  SchemeNegotiation it = negotiation();
  it.allow_basic_after_refusal();
  ASSERT_TRUE(challenged(it, all));
  ASSERT_TRUE(challenged(it, {"NTLM dG9rZW4="}));
  ASSERT_TRUE(challenged(it, {"NTLM"}));
  EXPECT_THAT(it.authorization(kRequest), HasSubstr("nonce=\"n\""));
  ASSERT_TRUE(challenged(it, {"Digest realm=\"d\", nonce=\"m\", stale=true"}));
  EXPECT_THAT(it.authorization(kRequest), HasSubstr("nonce=\"m\""));
  ASSERT_TRUE(challenged(it, {}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
}

TEST_F(SchemeNegotiationTest, DoesNotDoNtlmForAPushStart) {
  SchemeNegotiation it = negotiation();
  ASSERT_TRUE(challenged(it, all, kStart));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Digest "));
  SchemeNegotiation only = negotiation();
  EXPECT_FALSE(challenged(only, {"NTLM"}, kStart));
  EXPECT_THAT(only.explanation(), HasSubstr("NTLM: it is not for a PushStart"));
}

TEST_F(SchemeNegotiationTest, GivesASchemeUpWhoseConnectionIsClosedBetweenItsRounds) {
  SchemeNegotiation it = negotiation();
  ASSERT_TRUE(challenged(it, {"NTLM", "Basic realm=b"}, {true, false}));
  ASSERT_TRUE(challenged(it, {"NTLM dG9rZW4=", "Basic realm=b"}, {true, false}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
}

TEST_F(SchemeNegotiationTest, DoesNotGoOnForEver) {
  SchemeNegotiation it({"server", "user", "secret"}, {}, {Scheme::Ntlm},
                       [](Scheme scheme, const Credentials&) {
                         return std::make_unique<FakeMechanism>(scheme, 1000000);
                       });
  int rounds = 0;
  while (challenged(it, {"NTLM"})) ASSERT_LE(++rounds, kMaxRounds);
  EXPECT_EQ(rounds, kMaxRounds);
  EXPECT_FALSE(challenged(it, {"NTLM"}));
}

TEST_F(SchemeNegotiationTest, KnowsDigestAndBasicInEveryBuild) {
  const auto schemes = available_schemes();
  ASSERT_GE(schemes.size(), 2u);
  EXPECT_EQ(schemes[schemes.size() - 2], Scheme::Digest);
  EXPECT_EQ(schemes.back(), Scheme::Basic);
}

}  // namespace
}  // namespace wmpush::auth
