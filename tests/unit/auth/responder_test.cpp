#include "auth/responder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::auth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr RequestLine kRequest{"POST", "/live"};
constexpr Responder::Occasion kSetup{true, true};
constexpr Responder::Occasion kStart{false, false};

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

class ResponderTest : public ::testing::Test {
 protected:
  Responder responder(std::optional<Scheme> pinned = {},
                      Credentials credentials = {"server", "user", "secret"}) {
    return Responder(std::move(credentials), pinned, {kPreference.begin(), kPreference.end()},
                     make_fake);
  }
  static bool challenged(Responder& responder, std::vector<std::string> fields,
                         Responder::Occasion occasion = kSetup) {
    return responder.challenged(fields, occasion);
  }

  const std::vector<std::string> all{"Basic realm=\"b\"", "Digest realm=\"d\", nonce=\"n\"", "NTLM",
                                     "Negotiate"};
};

TEST_F(ResponderTest, GoesFromTheBestSchemeToTheLastAndTriesEachOnceWhereBasicIsAllowed) {
  Responder it = responder();
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

TEST_F(ResponderTest, DoesNotShowThePasswordByBasicToWhoeverHasRefusedIt) {
  const std::string realms = "Basic realm=\"b\"";
  Responder it = responder();
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

TEST_F(ResponderTest, DoesNotShowThePasswordByBasicWhenAnAcceptedOneIsRefusedLater) {
  Responder it = responder();
  ASSERT_TRUE(challenged(it, {"Digest realm=\"d\", nonce=\"n\""}));
  it.authorization(kRequest);
  it.accepted();
  EXPECT_FALSE(challenged(it, {"Basic realm=\"b\""}));
  EXPECT_THAT(it.explanation(), HasSubstr("Basic was left out"));
}

TEST_F(ResponderTest, UsesBasicWhereNothingBetterCanBeDoneAndSaysWhy) {
  Responder it = responder();
  ASSERT_TRUE(challenged(it, {"Negotiate", "Basic realm=\"b\""}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
  EXPECT_EQ(it.reason_for_basic(), "Negotiate: no ticket");
  Responder bare({"server", "user", "secret"}, {}, {Scheme::Basic});
  ASSERT_TRUE(challenged(bare, all));
  EXPECT_THAT(bare.reason_for_basic(), HasSubstr("Digest: cannot be done here"));
}

TEST_F(ResponderTest, AnswersByBasicWithoutAReasonWhereItIsAllThatIsOfferedOrPinned) {
  Responder only = responder();
  ASSERT_TRUE(challenged(only, {"Basic realm=\"b\""}));
  EXPECT_EQ(only.reason_for_basic(), "");
  Responder pinned = responder(Scheme::Basic);
  ASSERT_TRUE(challenged(pinned, all));
  EXPECT_EQ(pinned.reason_for_basic(), "");
  Responder better = responder();
  ASSERT_TRUE(challenged(better, {"Negotiate", "Digest realm=\"d\", nonce=\"n\""}));
  EXPECT_EQ(better.reason_for_basic(), "");
}

TEST_F(ResponderTest, UsesThePinnedSchemeAndNoOther) {
  Responder it = responder(Scheme::Basic);
  ASSERT_TRUE(challenged(it, all));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
  EXPECT_FALSE(challenged(it, all));

  Responder other = responder(Scheme::Digest);
  EXPECT_FALSE(challenged(other, {"Basic realm=\"b\""}));
  EXPECT_THAT(other.explanation(),
              AllOf(HasSubstr("Basic, realm 'b'"), HasSubstr("auth is Digest")));
}

TEST_F(ResponderTest, SaysWhatIsMissing) {
  Responder nobody = responder({}, {"server", "", std::nullopt});
  EXPECT_FALSE(challenged(nobody, {"Basic realm=\"b\""}));
  EXPECT_THAT(nobody.explanation(), HasSubstr("give user and password"));
  Responder half = responder({}, {"server", "user", std::nullopt});
  EXPECT_FALSE(challenged(half, {"Basic realm=\"b\""}));
  EXPECT_THAT(half.explanation(), HasSubstr("give the password"));
  Responder strange = responder();
  EXPECT_FALSE(challenged(strange, {"Bearer realm=\"b\""}));
  EXPECT_THAT(strange.explanation(), HasSubstr("Bearer, realm 'b'"));
  Responder mute = responder();
  EXPECT_FALSE(challenged(mute, {}));
  EXPECT_THAT(mute.explanation(), HasSubstr("names no scheme"));
}

TEST_F(ResponderTest, RemembersWhatElseWasOfferedBeforeASchemesRounds) {
  Responder it = responder();
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

TEST_F(ResponderTest, DoesNotDoNtlmForAPushStart) {
  Responder it = responder();
  ASSERT_TRUE(challenged(it, all, kStart));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Digest "));
  Responder only = responder();
  EXPECT_FALSE(challenged(only, {"NTLM"}, kStart));
  EXPECT_THAT(only.explanation(), HasSubstr("NTLM: it is not for a PushStart"));
}

TEST_F(ResponderTest, GivesASchemeUpWhoseConnectionIsClosedBetweenItsRounds) {
  Responder it = responder();
  ASSERT_TRUE(challenged(it, {"NTLM", "Basic realm=b"}, {true, false}));
  ASSERT_TRUE(challenged(it, {"NTLM dG9rZW4=", "Basic realm=b"}, {true, false}));
  EXPECT_THAT(it.authorization(kRequest), StartsWith("Basic "));
}

TEST_F(ResponderTest, DoesNotGoOnForEver) {
  Responder it({"server", "user", "secret"}, {}, {Scheme::Ntlm},
               [](Scheme scheme, const Credentials&) {
                 return std::make_unique<FakeMechanism>(scheme, 1000000);
               });
  int rounds = 0;
  while (challenged(it, {"NTLM"})) ASSERT_LE(++rounds, kMaxRounds);
  EXPECT_EQ(rounds, kMaxRounds);
  EXPECT_FALSE(challenged(it, {"NTLM"}));
}

TEST_F(ResponderTest, KnowsDigestAndBasicInEveryBuild) {
  const auto schemes = available_schemes();
  ASSERT_GE(schemes.size(), 2u);
  EXPECT_EQ(schemes[schemes.size() - 2], Scheme::Digest);
  EXPECT_EQ(schemes.back(), Scheme::Basic);
}

}  // namespace
}  // namespace wmpush::auth
