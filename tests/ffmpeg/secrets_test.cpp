// What stands for a password where others can read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "preload/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace wmpush::preload {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(MaskPasswords, LeavesOtherTextAlone) {
  for (const char* text : {"", "-c:v", "file.asf", "wmpush://server/live",
                           "wmpush://user@server/live", "wmpush://server:8080/live?auto_destroy=1",
                           "rtmp://user:secret@server/live", "wmpush://server/a:b@c"})
    EXPECT_EQ(mask_passwords(text), text);
}

TEST(MaskPasswords, FindsThePasswordBeforeTheHost) {
  EXPECT_THAT(mask_passwords("wmpush://user:before-host@server:80/live"),
              testing::MatchesRegex("wmpush://user:\\*\\*\\*[0-9]*@server:80/live"));
}

TEST(MaskPasswords, TakesThePasswordUpToTheLastAt) {
  EXPECT_THAT(mask_passwords("wmpush://user:with@sign:and-colon@server/live"),
              testing::MatchesRegex("wmpush://user:\\*\\*\\*[0-9]*@server/live"));
}

TEST(MaskPasswords, FindsThePasswordInTheQuery) {
  const std::string masked =
      mask_passwords("wmpush://server/live?auto_destroy=1&password=in-query&user=me");
  EXPECT_THAT(masked, Not(HasSubstr("in-query")));
  EXPECT_THAT(masked, HasSubstr("?auto_destroy=1&password=***"));
  EXPECT_THAT(masked, testing::EndsWith("&user=me"));
}

TEST(MaskPasswords, MasksEveryUrlOfATee) {
  const std::string tee =
      "[f=asf]wmpush://a:first-of-tee@one/live|[f=asf]wmpush://b:second-of-tee@two/live";
  const std::string masked = mask_passwords(tee);
  EXPECT_THAT(masked, Not(HasSubstr("first-of-tee")));
  EXPECT_THAT(masked, Not(HasSubstr("second-of-tee")));
  EXPECT_EQ(reveal_passwords(masked), tee);
}

TEST(MaskPasswords, TellsTwoPasswordsOfOneUserApart) {
  const std::string one = "wmpush://user:one-of-two@server/live";
  const std::string other = "wmpush://user:other-of-two@server/live";
  EXPECT_NE(mask_passwords(one), mask_passwords(other));
  EXPECT_EQ(reveal_passwords(mask_passwords(one)), one);
  EXPECT_EQ(reveal_passwords(mask_passwords(other)), other);
}

TEST(MaskPasswords, ChangesNothingTheSecondTime) {
  const std::string masked = mask_passwords("wmpush://user:twice-masked@server/live");
  EXPECT_EQ(mask_passwords(masked), masked);
  EXPECT_EQ(reveal_passwords(masked), "wmpush://user:twice-masked@server/live");
}

TEST(RevealPasswords, LeavesAUrlThatWasNeverMaskedAlone) {
  EXPECT_EQ(reveal_passwords("wmpush://user:never-masked@server/live"),
            "wmpush://user:never-masked@server/live");
}

TEST(MaskArguments, GivesTheProgramMasksAndClearsTheMemoryBehindThem) {
  char program[] = "ffmpeg";
  char flag[] = "-password";
  char value[] = "value-of-flag";
  char url[] = "wmpush://user:in-argument@server/live";
  char* arguments[] = {program, flag, value, url, nullptr};

  mask_arguments(4, arguments);

  EXPECT_STREQ(arguments[0], "ffmpeg");
  EXPECT_STREQ(arguments[1], "-password");
  EXPECT_STREQ(arguments[2], "value-of-flag");
  EXPECT_STREQ(value, "*************");
  EXPECT_THAT(arguments[3], Not(HasSubstr("in-argument")));
  EXPECT_EQ(reveal_passwords(arguments[3]), "wmpush://user:in-argument@server/live");
  EXPECT_STREQ(url, "wmpush://user:***********@server/live");
  std::free(arguments[2]);
  std::free(arguments[3]);
}

}  // namespace
}  // namespace wmpush::preload
