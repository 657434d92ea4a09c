// `wmpush token`: what it prints is what the publishing point takes.
#include "pubpoint/access/token.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using pubpoint::check_token;
using pubpoint::TokenCheck;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::system_clock;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ToolToken : public testing::Test {
 protected:
  ToolToken() : key_file((folder.path() / "key").string()) {
    std::ofstream(key_file) << kKey << "\n";
  }
  /// What is printed, without the line's end.
  std::string made(Words words) const {
    words.insert(words.begin(), {"token", "--key_file", key_file});
    const Finished finished = run(wmpush(words));
    EXPECT_EQ(finished.status, 0) << finished.error;
    EXPECT_THAT(finished.output, EndsWith("\n"));
    return finished.output.substr(0, finished.output.size() - 1);
  }
  static std::string refused(Words words) {
    words.insert(words.begin(), "token");
    const Finished finished = run(wmpush(words));
    EXPECT_EQ(finished.status, 2);
    EXPECT_EQ(finished.output, "");
    return last_line(finished.error);
  }

  static constexpr const char* kKey = "0123456789abcdef0123456789abcdef";
  TemporaryDirectory folder;
  const std::string key_file;
};

TEST_F(ToolToken, IsGoodForAsLongAsItSays) {
  const std::string token = made({"--point", "live", "--expires", "2h"});
  const auto now = system_clock::now();
  EXPECT_EQ(check_token(kKey, token, "/live", now), TokenCheck::Ok);
  EXPECT_EQ(check_token(kKey, token, "/live", now + hours(2) - minutes(1)), TokenCheck::Ok);
  EXPECT_EQ(check_token(kKey, token, "/live", now + hours(2)), TokenCheck::Expired);
  EXPECT_EQ(check_token(kKey, token, "/other", now), TokenCheck::Wrong);
}

TEST_F(ToolToken, StandsBehindTheUrlThatItIsFor) {
  const std::string url = made({"--url", "mmsh://host/l%69ve"});
  ASSERT_THAT(url, StartsWith("mmsh://host/l%69ve?token="));
  const std::string token = url.substr(url.find('=') + 1);
  EXPECT_EQ(check_token(kKey, token, "/live", system_clock::now()), TokenCheck::Ok);
  EXPECT_THAT(made({"--url", "http://host/a?x=1", "--point", "*"}),
              StartsWith("http://host/a?x=1&token="));
}

TEST_F(ToolToken, SaysWhatIsMissingOrWrong) {
  const std::string short_key = (folder.path() / "short").string();
  std::ofstream(short_key) << "0123456789abcde\n";
  EXPECT_THAT(refused({"--point", "/live"}), HasSubstr("--key_file is needed"));
  EXPECT_THAT(refused({"--key_file", key_file}), HasSubstr("--point or --url is needed"));
  EXPECT_THAT(refused({"--key_file", short_key, "--point", "a"}), HasSubstr("15 bytes"));
  EXPECT_THAT(refused({"--key_file", key_file, "--point", "a*b"}), HasSubstr("'*'"));
  EXPECT_THAT(refused({"--key_file", key_file, "--url", "host"}), HasSubstr("needs a URL"));
  EXPECT_THAT(refused({"--key_file", key_file, "--url", "mmsh://host/a", "--point", "/b"}),
              HasSubstr("not among /b"));
  for (const char* time : {"0", "2y", "-1h", "h", "", "1.5h", "9999999d"})
    EXPECT_THAT(refused({"--key_file", key_file, "--point", "a", "--expires", time}),
                HasSubstr("is no time such as"))
        << time;
}

}  // namespace
}  // namespace wmpush::test
