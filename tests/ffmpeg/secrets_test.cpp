// What stands for a password where others can read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "preload/secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

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

TEST(MaskPasswords, TakesAPasswordWithUnescapedDelimiters) {
  for (const std::string password : {"s3cr/et", "s3cr?et", "s3cr#et", "s3|cr"}) {
    const std::string url = "wmpush://me:" + password + "@server/live";
    const std::string masked = mask_passwords(url);
    EXPECT_THAT(masked, testing::MatchesRegex("wmpush://me:\\*\\*\\*[0-9]*@server/live"));
    EXPECT_EQ(reveal_passwords(masked), url);
  }
  EXPECT_THAT(mask_passwords("wmpush://server/live?password=in|query#yes&user=me"),
              testing::MatchesRegex("wmpush://server/live\\?password=\\*\\*\\*[0-9]*&user=me"));
}

TEST(MaskPasswords, FindsThePasswordInTheQuery) {
  const std::string masked =
      mask_passwords("wmpush://server/live?auto_destroy=1&password=in-query&user=me");
  EXPECT_THAT(masked, Not(HasSubstr("in-query")));
  EXPECT_THAT(masked, HasSubstr("?auto_destroy=1&password=***"));
  EXPECT_THAT(masked, testing::EndsWith("&user=me"));
}

TEST(MaskPasswords, FindsThePasswordWhereTheSchemeOrItsNameIsMisspelt) {
  for (const char* url :
       {"wmpsh://user:of-typist@server/live", "WMPUSH://user:of-typist@server/live",
        "wmpus://user:of-typist@server/live?x=1", "wmpush://server/live?user=me&pasword=of-typist",
        "[f=asf:pasword=of-typist]wmpush://server/live|[f=asf]wmpsh://user:of-typist@server/"
        "live"}) {
    const std::string masked = mask_passwords(url);
    EXPECT_THAT(masked, Not(HasSubstr("of-typist")));
    EXPECT_EQ(reveal_password(masked), url);
  }
  for (const char* other : {"mmsh://user:of-player@server/live", "http://user:of-web@server/live",
                            "rtmps://user:of-flash@server/live"})
    EXPECT_EQ(mask_passwords(other), other);
}

TEST(MaskPasswords, MasksEveryUrlOfATee) {
  const std::string tee =
      "[f=asf]wmpush://a:first-of-tee@one/live|[f=asf]wmpush://b:second-of-tee@two/live";
  const std::string masked = mask_passwords(tee);
  EXPECT_THAT(masked, Not(HasSubstr("first-of-tee")));
  EXPECT_THAT(masked, Not(HasSubstr("second-of-tee")));
  EXPECT_EQ(reveal_passwords(masked), tee);
}

TEST(MaskPasswords, FindsThePasswordInTheOptionsOfATee) {
  for (const std::string options :
       {"password=in-brackets", "f=asf:user=me:password=in-brackets",
        "f=asf:password=in-brackets:user=me",
        R"(f=fifo:format_opts=user=me\\:password=in-brackets)",
        R"(f=fifo:format_opts=\'password=in-brackets:user=me\':onfail=ignore)"}) {
    const std::string tee = "out.asf|[" + options +
                            "]wmpush://server/live| [f=asf:password=second-brackets]wmpush://h/l";
    const std::string masked = mask_passwords(tee);
    EXPECT_THAT(masked, Not(HasSubstr("-brackets")));
    EXPECT_EQ(reveal_password(masked), tee);
    std::string pattern = "in-brackets";
    const std::size_t at = options.find(pattern);
    EXPECT_THAT(masked, HasSubstr("[" + options.substr(0, at) + "***"));
    EXPECT_THAT(masked, HasSubstr(options.substr(at + pattern.size()) + "]wmpush://server/live|"));
  }
}

TEST(MaskPasswords, LeavesWhatFfmpegTakesAwayOutsideOfTheMask) {
  const std::string masked = mask_passwords(R"([f=asf:password=with\\:colon:user=me]wmpush://h/l)");
  EXPECT_THAT(masked,
              testing::MatchesRegex(
                  R"(\[f=asf:password=\*\*\*[0-9]*\\\\\*\*\*[0-9]*:user=me\]wmpush://h/l)"));
  const std::size_t first = masked.find("***");
  std::string value = masked.substr(first, masked.find(":user") - first);
  std::erase(value, '\\');
  EXPECT_EQ(reveal_password(value), "with:colon");
}

TEST(MaskPasswords, LeavesTheOtherOutputsOfATeeAlone) {
  for (const char* tee : {"[f=flv:password=other]rtmp://server/live|[f=asf]wmpush://server/live",
                          "[f=asf:password_file=name]wmpush://server:80/live|me@home.asf"})
    EXPECT_EQ(mask_passwords(tee), tee);
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

/// The arguments of a program, in memory as the process list shows it.
class MaskArguments : public testing::Test {
 protected:
  void mask(std::vector<std::string> arguments) {
    memory = std::move(arguments);
    for (std::string& argument : memory) pointers.push_back(argument.data());
    mask_arguments(static_cast<int>(pointers.size()), pointers.data());
  }
  void TearDown() override {
    for (std::size_t i = 0; i < memory.size(); ++i)
      if (pointers[i] != memory[i].data()) std::free(pointers[i]);
  }
  /// What is left of the argument at `i` for the process list.
  const std::string& shown(std::size_t i) const { return memory[i]; }
  std::string given(std::size_t i) const { return pointers[i]; }

 private:
  std::vector<std::string> memory;
  std::vector<char*> pointers;
};

TEST_F(MaskArguments, GivesTheProgramMasksAndClearsTheMemoryBehindThem) {
  mask({"ffmpeg", "-password", "value-of-flag", "wmpush://user:in-argument@server/live"});

  EXPECT_EQ(given(0), "ffmpeg");
  EXPECT_EQ(given(1), "-password");
  EXPECT_THAT(given(2), testing::StartsWith("***"));
  EXPECT_EQ(reveal_password(given(2)), "value-of-flag");
  EXPECT_EQ(shown(2), "*************");
  EXPECT_THAT(given(3), Not(HasSubstr("in-argument")));
  EXPECT_EQ(reveal_passwords(given(3)), "wmpush://user:in-argument@server/live");
  EXPECT_EQ(shown(3), "wmpush://user:***********@server/live");
}

TEST_F(MaskArguments, FindsThePasswordInAListOfOptions) {
  const std::string list = "user=me:password=in|list]:auto_destroy=1";
  mask({"ffmpeg", "-format_opts", list, "wmpush://one/live", "-segment_format_options", list,
        "wmpush://two/live"});

  for (const std::size_t i : {2u, 5u}) {
    EXPECT_THAT(given(i), testing::MatchesRegex("user=me:password=\\*\\*\\*[0-9]*:auto_destroy=1"));
    EXPECT_EQ(reveal_password(given(i)), list);
    EXPECT_EQ(shown(i), "user=me:password=********:auto_destroy=1");
  }
}

TEST_F(MaskArguments, FindsTheAddressOfAProxy) {
  const std::string address = "http://pat:hush@proxy:3128";
  mask({"ffmpeg", "-http_proxy", "http://of-input", "-i", "http://in/", "-http_proxy", address,
        "wmpush://server/live?http_proxy=" + address});

  EXPECT_EQ(given(2), "http://of-input");
  EXPECT_EQ(reveal_password(given(6)), address);
  EXPECT_EQ(shown(6), std::string(address.size(), '*'));
  EXPECT_EQ(reveal_passwords(given(7)), "wmpush://server/live?http_proxy=" + address);
  EXPECT_THAT(shown(7), Not(HasSubstr("hush")));
}

TEST_F(MaskArguments, FindsThePasswordOfAnOutputThatWasForgottenOrMisspelt) {
  const std::string address = "http://pat:hush@proxy:3128";
  mask({"ffmpeg", "-i", "in.asf", "-password", "in-vain", "wmpsh://server/live", "-http_proxy",
        address});

  EXPECT_EQ(shown(4), "*******");
  EXPECT_EQ(reveal_password(given(4)), "in-vain");
  EXPECT_EQ(shown(7), std::string(address.size(), '*'));
}

TEST_F(MaskArguments, LeavesTheProxyOfAnotherOutputAlone) {
  mask({"ffmpeg", "-i", "in.asf", "-http_proxy", "http://pat:of-other@proxy", "-f", "mpegts",
        "http://server/upload"});

  EXPECT_EQ(given(4), "http://pat:of-other@proxy");
  EXPECT_EQ(shown(4), "http://pat:of-other@proxy");
}

TEST(MaskPasswords, FindsTheAddressOfAProxyInTheOptionsOfATee) {
  const std::string tee =
      R"([f=asf:http_proxy=http\\://pat\\:hush@proxy\\:3128:user=me]wmpush://server/live)";
  const std::string masked = mask_passwords(tee);
  EXPECT_THAT(masked, Not(HasSubstr("hush")));
  EXPECT_THAT(masked, testing::EndsWith(":user=me]wmpush://server/live"));
  EXPECT_EQ(reveal_password(masked), tee);
}

TEST_F(MaskArguments, LeavesThePasswordsOfOthersAlone) {
  mask({"ffmpeg", "-password", "of-input", "-i", "in.tta", "-password", "of-icecast",
        "icecast://server/live", "-format_opts", "password=of-file", "out.asf"});

  EXPECT_EQ(given(2), "of-input");
  EXPECT_EQ(given(6), "of-icecast");
  EXPECT_EQ(given(9), "password=of-file");
  EXPECT_EQ(shown(6), "of-icecast");
}

}  // namespace
}  // namespace wmpush::preload
