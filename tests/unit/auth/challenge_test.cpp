#include "auth/challenge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace wmpush::auth {
namespace {

using ::testing::IsEmpty;

/// "Scheme(token)[name=value|...]" for each.
std::string shown(std::string_view field) {
  std::string text;
  for (const Challenge& challenge : parse_challenges(field)) {
    text += (text.empty() ? "" : " ") + challenge.scheme;
    if (!challenge.token.empty()) text += "(" + challenge.token + ")";
    for (const auto& [name, value] : challenge.parameters) text += "[" + name + "=" + value + "]";
  }
  return text;
}

TEST(Challenges, SeveralInOneFieldAreToldApart) {
  EXPECT_EQ(shown("Negotiate"), "Negotiate");
  EXPECT_EQ(shown("Negotiate, NTLM"), "Negotiate NTLM");
  EXPECT_EQ(shown(R"(Basic realm="a, b", Digest realm="c", nonce=xyz, stale=TRUE, NTLM)"),
            "Basic[realm=a, b] Digest[realm=c][nonce=xyz][stale=TRUE] NTLM");
  EXPECT_EQ(shown("Negotiate YII+/w==, Basic realm=x"), "Negotiate(YII+/w==) Basic[realm=x]");
  EXPECT_EQ(
      shown(R"(Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple")"),
      R"(Newauth[realm=apps][type=1][title=Login to "apps"] Basic[realm=simple])");
}

TEST(Challenges, BlanksAndCommasMayStandAnywhere) {
  EXPECT_EQ(shown(" ,, NTLM ,\t, Basic   realm = \"x\" ,charset= UTF-8,,"),
            "NTLM Basic[realm=x][charset=UTF-8]");
  EXPECT_EQ(shown("NTLM TlRMTVNTUAAC  "), "NTLM(TlRMTVNTUAAC)");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown(" , ,"), "");
}

TEST(Challenges, NamesOfParametersAreInLowerCase) {
  const auto challenges = parse_challenges("DIGEST Realm=\"R\", NONCE=\"n\"");
  ASSERT_EQ(challenges.size(), 1u);
  EXPECT_EQ(challenges[0].parameter("realm"), "R");
  EXPECT_EQ(challenges[0].parameter("nonce"), "n");
  EXPECT_EQ(challenges[0].parameter("qop"), std::nullopt);
  EXPECT_TRUE(same_word(challenges[0].scheme, "Digest"));
  EXPECT_FALSE(same_word("Digest", "Digests"));
}

TEST(Challenges, WhatCannotBeReadIsPassedOver) {
  EXPECT_EQ(shown("realm=\"nobody's\", Basic realm=\"x\""), "Basic[realm=x]");
  EXPECT_EQ(shown("\"what\" is this, NTLM"), "NTLM");
  EXPECT_EQ(shown("Basic realm=\"never closed, NTLM"), "Basic[realm=never closed, NTLM]");
  EXPECT_EQ(shown("Basic realm=\"ends in \\"), "Basic[realm=ends in \\]");
  EXPECT_EQ(shown("(;:@), Digest nonce=\"\", NTLM"), "Digest[nonce=] NTLM");
}

TEST(Challenges, AQuotedTextIsReadAsItWasWritten) {
  for (const std::string text : {"plain", R"(with "quotes")", R"(and \ backslash)", ""}) {
    const auto challenges = parse_challenges("Basic realm=" + quoted_string(text));
    ASSERT_EQ(challenges.size(), 1u);
    EXPECT_EQ(challenges[0].parameter("realm"), text);
  }
}

TEST(Challenges, AreNotReadWithoutEnd) {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "S" + std::to_string(i) + " a=b, ";
  EXPECT_EQ(parse_challenges(many).size(), kMaxChallenges);
}

/// Whatever comes, the parser ends, and what it gives was in the field.
TEST(Challenges, AnyBytesAreTaken) {
  std::mt19937 random(20);
  constexpr std::string_view kPieces[] = {
      "Digest", "Basic", "NTLM", " ",    ",",  "=", "==", "\"",           "\\",  "realm",
      "a",      "nonce", "\t",   "\xff", "+/", ";", "(",  "qop=\"auth\"", "\x01"};
  for (int run = 0; run < 20000; ++run) {
    std::string field;
    for (auto count = random() % 20; count > 0; --count)
      field += kPieces[random() % std::size(kPieces)];
    std::size_t size = 0;
    for (const Challenge& challenge : parse_challenges(field)) {
      EXPECT_NE(challenge.scheme, "") << field;
      size += challenge.scheme.size() + challenge.token.size();
      for (const auto& [name, value] : challenge.parameters) {
        EXPECT_NE(name, "") << field;
        size += name.size() + value.size();
      }
    }
    EXPECT_LE(size, field.size()) << field;
  }
}

}  // namespace
}  // namespace wmpush::auth
