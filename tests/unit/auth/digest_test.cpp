#include "auth/digest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth/base64.hpp"
#include "auth/basic.hpp"

namespace wmpush::auth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Hash = DigestAlgorithm::Hash;
using Step = Mechanism::Step;

constexpr RequestLine kRequest{"POST", "/live"};

DigestInput example_of_7616(DigestAlgorithm algorithm) {
  return {algorithm,
          "Mufasa",
          "Circle of Life",
          "http-auth@example.org",
          "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
          "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
          "00000001",
          true,
          "GET",
          "/dir/index.html"};
}

TEST(Digest, AnswersTheExamplesOfRfc7616) {
  EXPECT_EQ(digest_response(example_of_7616({Hash::Md5, false})),
            "8ca523f5e9506fed4657c9700eebdbec");
  EXPECT_EQ(digest_response(example_of_7616({Hash::Sha256, false})),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

TEST(Digest, AnswersTheExampleOfRfc2617WithAndWithoutQop) {
  DigestInput input{{Hash::Md5, false},
                    "Mufasa",
                    "Circle Of Life",
                    "testrealm@host.com",
                    "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                    "0a4f113b",
                    "00000001",
                    true,
                    "GET",
                    "/dir/index.html"};
  EXPECT_EQ(digest_response(input), "6629fae49393a05397450978507c4ef1");
  input.qop_auth = false;
  EXPECT_EQ(digest_response(input), "670fd8c2df070c60b045671b8b24ff02");
}

TEST(Digest, OfASessionTakesNonceAndCnonceIn) {
  EXPECT_EQ(digest_response(example_of_7616({Hash::Md5, true})),
            "e783283f46242139c486a698fec7211d");
  EXPECT_EQ(digest_response(example_of_7616({Hash::Sha256, true})),
            "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7");
}

class DigestMechanismTest : public ::testing::Test {
 protected:
  Step take(const std::string& field) { return mechanism.take(parse_challenges(field), why); }
  /// The parameters of the next header.
  Challenge next() {
    const auto parsed = parse_challenges(mechanism.authorization(kRequest));
    return parsed.empty() ? Challenge{} : parsed.front();
  }

  DigestMechanism mechanism{{"server", "user", "secret"}};
  std::string why;
};

TEST_F(DigestMechanismTest, CountsItsRequests) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="n", qop="auth-int, auth", opaque="o")"), Step::Ready);
  const Challenge first = next();
  EXPECT_EQ(first.parameter("nc"), "00000001");
  EXPECT_EQ(first.parameter("qop"), "auth");
  EXPECT_EQ(first.parameter("opaque"), "o");
  EXPECT_EQ(first.parameter("uri"), "/live");
  EXPECT_EQ(first.parameter("algorithm"), std::nullopt);
  EXPECT_EQ(first.parameter("response"), digest_response({{},
                                                          "user",
                                                          "secret",
                                                          "r",
                                                          "n",
                                                          *first.parameter("cnonce"),
                                                          "00000001",
                                                          true,
                                                          "POST",
                                                          "/live"}));
  EXPECT_EQ(next().parameter("nc"), "00000002");
  for (int i = 3; i < 16; ++i) next();
  EXPECT_EQ(next().parameter("nc"), "00000010");
}

TEST_F(DigestMechanismTest, WithoutQopSaysNothingThatRfc2069DidNotKnow) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="n")"), Step::Ready);
  EXPECT_THAT(mechanism.authorization(kRequest),
              AllOf(Not(HasSubstr("nc=")), Not(HasSubstr("cnonce")), Not(HasSubstr("qop"))));
}

TEST_F(DigestMechanismTest, TakesTheStrongestOfSeveralAlgorithms) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="a", algorithm=SHA-512-256, qop="auth", )"
                 R"(Digest realm="r", nonce="b", algorithm=MD5, qop="auth", )"
                 R"(Digest realm="r", nonce="c", algorithm=SHA-256-sess, qop="auth")"),
            Step::Ready);
  const Challenge header = next();
  EXPECT_EQ(header.parameter("nonce"), "c");
  EXPECT_EQ(header.parameter("algorithm"), "SHA-256-sess");
  EXPECT_EQ(header.parameter("response")->size(), 64u);
}

TEST_F(DigestMechanismTest, CannotDoWhatItDoesNotKnow) {
  EXPECT_EQ(take(R"(Digest realm="r", nonce="a", algorithm=SHA-512-256)"), Step::Impossible);
  EXPECT_THAT(why, HasSubstr("SHA-512-256"));
  EXPECT_EQ(take(R"(Digest realm="r", nonce="a", qop="auth-int")"), Step::Impossible);
  EXPECT_EQ(take(R"(Digest realm="r")"), Step::Impossible);
}

TEST_F(DigestMechanismTest, ASecondChallengeIsARefusal) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="a", qop="auth")"), Step::Ready);
  next();
  EXPECT_EQ(take(R"(Digest realm="r", nonce="b", qop="auth")"), Step::Refused);
}

TEST_F(DigestMechanismTest, AStaleNonceIsReplacedButNotForEver) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="0", qop="auth")"), Step::Ready);
  next();
  ASSERT_EQ(take(R"(Digest realm="r", nonce="1", qop="auth", stale=TRUE)"), Step::Ready);
  const Challenge header = next();
  EXPECT_EQ(header.parameter("nonce"), "1");
  EXPECT_EQ(header.parameter("nc"), "00000001");
  mechanism.accepted();
  for (const char* nonce : {"2", "3"}) {
    ASSERT_EQ(take("Digest realm=r, qop=auth, stale=true, nonce=" + std::string(nonce)),
              Step::Ready);
    next();
  }
  EXPECT_EQ(take("Digest realm=r, qop=auth, stale=true, nonce=4"), Step::Refused);
}

TEST_F(DigestMechanismTest, ANewNonceAfterASuccessIsTriedOnce) {
  ASSERT_EQ(take(R"(Digest realm="r", nonce="a", qop="auth")"), Step::Ready);
  next();
  mechanism.accepted();
  next();
  ASSERT_EQ(take(R"(Digest realm="r", nonce="b", qop="auth")"), Step::Ready);
  next();
  EXPECT_EQ(take(R"(Digest realm="r", nonce="c", qop="auth")"), Step::Refused);
}

TEST(DigestWords, QuotesWhatIsQuoted) {
  DigestMechanism mechanism({"server", R"(a"b\c)", "secret"});
  std::string why;
  ASSERT_EQ(mechanism.take(parse_challenges(R"(Digest realm="r \"x\"", nonce="n")"), why),
            Step::Ready);
  EXPECT_THAT(mechanism.authorization(kRequest),
              AllOf(HasSubstr(R"(username="a\"b\\c")"), HasSubstr(R"(realm="r \"x\"")")));
}

TEST(Basic, AnswersTheExampleOfRfc7617Once) {
  BasicMechanism mechanism({"server", "Aladdin", "open sesame"});
  std::string why;
  const auto challenges = parse_challenges("Basic realm=\"WallyWorld\"");
  ASSERT_EQ(mechanism.take(challenges, why), Step::Ready);
  EXPECT_EQ(mechanism.authorization(kRequest), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_EQ(mechanism.take(challenges, why), Step::Refused);
}

TEST(Basic, NeedsAUserAndAPassword) {
  std::string why;
  EXPECT_EQ(BasicMechanism({"server", "", std::nullopt}).take({}, why), Step::Impossible);
  EXPECT_THAT(why, HasSubstr("user"));
  EXPECT_EQ(BasicMechanism({"server", "user", std::nullopt}).take({}, why), Step::Impossible);
  EXPECT_THAT(why, HasSubstr("password"));
  EXPECT_EQ(BasicMechanism({"server", "a:b", "c"}).take({}, why), Step::Impossible);
  EXPECT_THAT(why, HasSubstr("colon"));
}

TEST(Base64, ComesBackAsItWent) {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "fooba", "foobar"})
    EXPECT_EQ(from_base64(base64(text)), text);
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  for (const char* text : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zg\n=", " Zg=="})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace wmpush::auth
