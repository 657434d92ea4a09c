// Users of an htdigest file, and what each may do.
#include "pubpoint/access/users.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::test {
namespace {

using namespace pubpoint;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kMd5 = "ecff8f7f448fab5069649126afd7b684";
constexpr std::string_view kSha256 =
    "e500af5e24cf313510beefb31b3810f8ba9ad5265cdbcc3c2097fc54ad9f9359";

std::string line(std::string_view hash, std::string_view user = "ali") {
  return std::string(user) + ":publishing point:" + std::string(hash) + "\n";
}

Users parsed(const std::string& text) {
  Users users;
  EXPECT_EQ(Users::parse(text, users), "");
  return users;
}

UserGrant granted(std::string_view text) {
  UserGrant grant;
  EXPECT_EQ(UserGrant::parse(text, grant), "");
  return grant;
}

TEST(Users, AreReadAsHtdigestWritesThem) {
  const Users users =
      parsed("# who may push\n\n" + line(kMd5) + "  \r\n" + line(kSha256) + line(kSha256, "bob"));
  EXPECT_EQ(users.realm(), "publishing point");
  EXPECT_EQ(users.hash("ali", Hash::Md5), kMd5);
  EXPECT_EQ(users.hash("bob", Hash::Md5), "");
  EXPECT_EQ(users.hash("bob", Hash::Sha256), kSha256);
  EXPECT_THAT(users.kinds(), ElementsAre(Hash::Sha256));
  EXPECT_THAT(parsed(line(kMd5) + line(kSha256)).kinds(), ElementsAre(Hash::Sha256, Hash::Md5));
  EXPECT_FALSE(users.has("eve"));
  EXPECT_FALSE(users.open());
}

TEST(Users, HashesAreThoseOfTheStandard) {
  // RFC 7616, 3.9.1.
  const Users users = parsed("Mufasa:http-auth@example.org:3D78807DEFE7DE2157E2B0B6573A855F");
  EXPECT_TRUE(users.knows("Mufasa", "Circle of Life"));
  EXPECT_FALSE(users.knows("Mufasa", "Circle of life"));
  EXPECT_FALSE(users.knows("mufasa", "Circle of Life"));
  EXPECT_FALSE(users.knows("", ""));
}

TEST(Users, EachMayHaveAHashOfEachKind) {
  const Users users = parsed(line(kMd5) + line(kSha256));
  EXPECT_TRUE(users.knows("ali", "Sesam"));
  EXPECT_TRUE(parsed(line(kSha256)).knows("ali", "Sesam"));
  EXPECT_FALSE(users.knows("ali", "sesam"));
}

TEST(Users, AreMadeOfAPasswordToo) {
  Users users;
  users.add("ali", "publishing point", "Sesam", Hash::Md5);
  EXPECT_EQ(users.hash("ali", Hash::Md5), kMd5);
}

TEST(Users, ABadLineIsNamedByItsNumberAndWithoutItsHash) {
  const auto wrong = [](const std::string& text) {
    Users users;
    const std::string said = Users::parse(text, users);
    EXPECT_TRUE(users.open());
    EXPECT_THAT(said, Not(HasSubstr(kMd5.substr(0, 20))));
    return said;
  };
  const std::string good = "# one\n" + line(kMd5);
  EXPECT_THAT(wrong(good + "bob\n"), StartsWith("line 3: not user:realm:hash"));
  EXPECT_THAT(wrong(good + "bob:Sesam\n"), StartsWith("line 3: not user:realm:hash"));
  EXPECT_THAT(wrong(good + "bob:publishing point:Sesam\n"), StartsWith("line 3: "));
  EXPECT_THAT(wrong(good + ":publishing point:" + std::string(kMd5)), HasSubstr("no user"));
  EXPECT_THAT(wrong(good + "*:publishing point:" + std::string(kMd5)), HasSubstr("everybody"));
  EXPECT_THAT(wrong(good + "bob::" + std::string(kMd5)), HasSubstr("no realm"));
  EXPECT_THAT(wrong(good + line(kMd5.substr(1), "bob")), HasSubstr("31 digits"));
  EXPECT_THAT(wrong(good + "bob:r:" + std::string(kMd5)), HasSubstr("'publishing point'"));
  EXPECT_THAT(wrong(good + line(kMd5)), HasSubstr("line 3: user 'ali' is there already"));
  EXPECT_THAT(wrong("# nobody\n"), HasSubstr("no user"));
  EXPECT_THAT(wrong(good + line(kSha256, "bob")), HasSubstr("the same kind"));
}

TEST(Users, WithoutAGrantMayPushToAndWatchEveryPoint) {
  const Users users = parsed(line(kMd5));
  EXPECT_TRUE(users.may("ali", Right::Push, "/live"));
  EXPECT_TRUE(users.may("ali", Right::Watch, "/studio/1"));
  EXPECT_FALSE(users.may("ali", Right::Administer, "/live"));
  EXPECT_FALSE(users.may("eve", Right::Watch, "/live"));
  EXPECT_FALSE(users.everybody_may(Right::Watch, "/live"));
}

TEST(Users, AGrantIsAllThatItsUserMay) {
  Users users = parsed(line(kMd5) + line(kMd5, "bob"));
  users.grant(granted("ali:push:/live,/studio/*"));
  users.grant(granted("ali:watch,admin:*"));
  EXPECT_TRUE(users.may("ali", Right::Push, "/live"));
  EXPECT_TRUE(users.may("ali", Right::Push, "/studio/a/b"));
  EXPECT_FALSE(users.may("ali", Right::Push, "/studio"));
  EXPECT_FALSE(users.may("ali", Right::Push, "/live2"));
  EXPECT_TRUE(users.may("ali", Right::Watch, "/live2"));
  EXPECT_TRUE(users.may("ali", Right::Administer, "/"));
  EXPECT_TRUE(users.may("bob", Right::Push, "/live2"));
  EXPECT_FALSE(users.everybody_may(Right::Push, "/live"));
}

TEST(Users, AGrantCanBeForEverybody) {
  Users users = parsed(line(kMd5));
  users.grant(granted("*:watch:live"));
  EXPECT_TRUE(users.everybody_may(Right::Watch, "/live"));
  EXPECT_FALSE(users.everybody_may(Right::Watch, "/other"));
  EXPECT_FALSE(users.everybody_may(Right::Push, "/live"));
}

TEST(Users, WithoutAnyEverythingIsOpenButToAdministrators) {
  const Users nobody;
  EXPECT_TRUE(nobody.open());
  EXPECT_TRUE(nobody.everybody_may(Right::Push, "/live"));
  EXPECT_TRUE(nobody.everybody_may(Right::Watch, "/live"));
  EXPECT_FALSE(nobody.everybody_may(Right::Administer, "/live"));
}

TEST(UserGrants, ThatCannotBeFollowedAreRefused) {
  UserGrant grant;
  for (const char* text : {"", "ali", "ali:push", ":push:/live", "ali:fly:/live", "ali::/live",
                           "ali:push:", "ali:push:/a*b", "ali:push:/a\nb", "ali:push:/a,,/b"})
    EXPECT_NE(UserGrant::parse(text, grant), "") << text;
}

}  // namespace
}  // namespace wmpush::test
