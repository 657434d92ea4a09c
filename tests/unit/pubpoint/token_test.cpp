// Tokens in a URL.
#include "pubpoint/access/token.hpp"

#include <gtest/gtest.h>

#include "pubpoint/access/base64.hpp"

namespace wmpush::test {
namespace {

using namespace pubpoint;
using std::chrono::seconds;
using std::chrono::system_clock;

constexpr std::string_view kKey = "0123456789abcdef";
const system_clock::time_point kExpiry{seconds(1790000000)};
const system_clock::time_point kNow = kExpiry - seconds(1);

PointPattern points(std::string_view text) {
  PointPattern pattern;
  EXPECT_EQ(PointPattern::parse(text, pattern), "");
  return pattern;
}

TEST(Token, IsWhatOthersCanMakeToo) {
  // printf '1790000000 /live' | basenc --base64url, and openssl dgst -sha256 -hmac of that.
  EXPECT_EQ(make_token(kKey, points("/live"), kExpiry),
            "MTc5MDAwMDAwMCAvbGl2ZQ.1kZ3kC5rEmYuZ4BbTKZoh-K8uRQQG7tOvIT6lomhSvI");
}

TEST(Token, IsGoodUntilItExpires) {
  const std::string token = make_token(kKey, points("/live"), kExpiry);
  EXPECT_EQ(check_token(kKey, token, "/live", kNow), TokenCheck::Ok);
  EXPECT_EQ(check_token(kKey, token, "/live", kExpiry), TokenCheck::Expired);
}

TEST(Token, IsForItsPointsOnly) {
  EXPECT_EQ(check_token(kKey, make_token(kKey, points("/live"), kExpiry), "/other", kNow),
            TokenCheck::Wrong);
  const std::string studio = make_token(kKey, points("/studio/*"), kExpiry);
  EXPECT_EQ(check_token(kKey, studio, "/studio/1", kNow), TokenCheck::Ok);
  EXPECT_EQ(check_token(kKey, studio, "/studio", kNow), TokenCheck::Wrong);
  EXPECT_EQ(check_token(kKey, make_token(kKey, points("*"), kExpiry), "/a", kNow), TokenCheck::Ok);
}

TEST(Token, CannotBeChanged) {
  const std::string token = make_token(kKey, points("/live"), kExpiry);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(check_token(kKey, changed, "/live", kNow), TokenCheck::Wrong) << i;
    EXPECT_EQ(check_token(kKey, token.substr(0, i), "/live", kNow), TokenCheck::Wrong) << i;
  }
  EXPECT_EQ(check_token("0123456789abcdeF", token, "/live", kNow), TokenCheck::Wrong);
  EXPECT_EQ(check_token(kKey, token + "A", "/live", kNow), TokenCheck::Wrong);
  EXPECT_EQ(check_token(kKey, ".", "/live", kNow), TokenCheck::Wrong);
}

TEST(Token, NeedsAKeyThatIsLongEnough) {
  EXPECT_THROW(make_token("0123456789abcde", points("/live"), kExpiry), std::invalid_argument);
  EXPECT_EQ(check_token("", make_token(kKey, points("/live"), kExpiry), "/live", kNow),
            TokenCheck::Wrong);
}

TEST(Token, StandsInTheQuery) {
  EXPECT_EQ(token_in("/live?token=a.b"), "a.b");
  EXPECT_EQ(token_in("/live?x=1&token=a.b&y=2"), "a.b");
  EXPECT_EQ(token_in("/live?xtoken=a.b"), "");
  EXPECT_EQ(token_in("/live?token="), "");
  EXPECT_EQ(token_in("/live"), "");
  EXPECT_EQ(token_in("/token=a"), "");
}

TEST(Token, OfBase64IsReadInBothAlphabets) {
  EXPECT_EQ(base64url("\xFB\xFF"), "-_8");
  EXPECT_EQ(from_base64("-_8"), "\xFB\xFF");
  EXPECT_EQ(from_base64("+/8="), "\xFB\xFF");
  EXPECT_EQ(from_base64(""), "");
  EXPECT_EQ(from_base64("A"), std::nullopt);
  EXPECT_EQ(from_base64("A=A="), std::nullopt);
  for (const char* text : {"a", "ab", "abc", "abcd"}) EXPECT_EQ(from_base64(base64url(text)), text);
}

}  // namespace
}  // namespace wmpush::test
