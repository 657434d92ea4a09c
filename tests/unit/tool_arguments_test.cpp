// How the wmpush command reads its command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/wmpush/arguments.hpp"
#include "tools/wmpush/listen_address.hpp"
#include "tools/wmpush/push_options.hpp"
#include "tools/wmpush/secrets.hpp"

namespace wmpush::tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using Words = std::vector<std::string>;

const std::vector<Flag> kFlags{{"fast", "", "help"},
                               {"template_url", "TEXT", "help"},
                               {"point", "NAME", "help", '\0', true},
                               {"verbose", "", "help", 'v'}};

Arguments parse(const Words& words, std::string& error) {
  return Arguments::parse(kFlags, words, error);
}

std::string refusal(const Words& words) {
  std::string error;
  parse(words, error);
  return error;
}

TEST(Arguments, TellsOptionsFromOperandsInAnyOrder) {
  std::string error;
  const Arguments parsed = parse({"a.wmv", "--template_url", "/t", "-", "--fast", "-v"}, error);
  EXPECT_THAT(error, IsEmpty());
  EXPECT_THAT(parsed.operands(), ElementsAre("a.wmv", "-"));
  EXPECT_THAT(parsed.options(),
              ElementsAre(Pair("template_url", "/t"), Pair("fast", ""), Pair("verbose", "")));
}

TEST(Arguments, TakesDashesForUnderscoresAndAnEqualsSignForASpace) {
  std::string error;
  EXPECT_EQ(parse({"--template-url=/t=1"}, error).value("template_url"), "/t=1");
  EXPECT_THAT(error, IsEmpty());
  EXPECT_EQ(parse({"--template_url="}, error).value("template_url"), "");
}

TEST(Arguments, TakesNothingForAnOptionBehindTwoDashes) {
  std::string error;
  EXPECT_THAT(parse({"--", "--fast", "-v"}, error).operands(), ElementsAre("--fast", "-v"));
}

TEST(Arguments, KeepsEveryValueOfAnOptionThatMayBeRepeated) {
  std::string error;
  EXPECT_THAT(parse({"--point", "a", "--point", "b"}, error).values("point"),
              ElementsAre("a", "b"));
  EXPECT_THAT(error, IsEmpty());
  EXPECT_EQ(refusal({"--template_url", "a", "--template-url", "b"}),
            "--template_url is given twice");
}

TEST(Arguments, NamesTheNearestOptionForAnUnknownOne) {
  EXPECT_EQ(refusal({"--templat-url", "/t"}),
            "there is no option --templat-url: did you mean --template_url?");
  EXPECT_EQ(refusal({"--fats"}), "there is no option --fats: did you mean --fast?");
  EXPECT_EQ(refusal({"--temp=1"}), "there is no option --temp: did you mean --template_url?");
  EXPECT_EQ(refusal({"--quite-another"}),
            "there is no option --quite-another; --help lists those that there are");
}

TEST(Arguments, SaysWhatIsWrongWithAValue) {
  EXPECT_EQ(refusal({"--template_url"}), "--template_url needs a value: --template_url TEXT");
  EXPECT_EQ(refusal({"--fast=1"}), "--fast takes no value");
}

TEST(Arguments, ExplainsTheSingleDashOfFfmpeg) {
  EXPECT_EQ(refusal({"-template_url", "/t"}), "options have two dashes here: --template_url");
  EXPECT_EQ(refusal({"-x"}), "there is no option -x; --help lists those that there are");
}

TEST(Arguments, NearestGivesNothingWhenNothingIsNear) {
  const Words names{"send", "serve", "probe"};
  EXPECT_EQ(nearest("sned", names), "send");
  EXPECT_EQ(nearest("server", names), "serve");
  EXPECT_EQ(nearest("download", names), "");
  EXPECT_EQ(nearest("", names), "");
}

TEST(PushOptions, HaveAFlagForEachRowOfTheTableWithItsRangeAndDefault) {
  const std::vector<Flag> flags = PushOptions::flags();
  std::size_t rows = 0;
  while (wmpush_option_at(rows) != nullptr) ++rows;
  ASSERT_EQ(flags.size(), rows);
  for (std::size_t i = 0; i < rows; ++i) {
    const wmpush_option_info& info = *wmpush_option_at(i);
    EXPECT_EQ(flags[i].name, info.name);
    EXPECT_THAT(flags[i].help, HasSubstr(info.help));
    if (info.type != WMPUSH_OPTION_TEXT) {
      EXPECT_THAT(flags[i].help,
                  HasSubstr("default " + option_value_text(info, info.default_value)));
    }
    if (info.type == WMPUSH_OPTION_INTEGER || info.type == WMPUSH_OPTION_DURATION) {
      EXPECT_THAT(flags[i].help, HasSubstr(option_value_text(info, info.minimum) + " to " +
                                           option_value_text(info, info.maximum)));
    }
  }
}

TEST(PushOptions, SayNumbersInAUnitForPeople) {
  const wmpush_option_info duration{"x", WMPUSH_OPTION_DURATION, "us", 0, 0, 0, 0, "", 0, ""};
  EXPECT_EQ(option_value_text(duration, 10'000'000), "10 s");
  EXPECT_EQ(option_value_text(duration, 10'000), "10 ms");
  EXPECT_EQ(option_value_text(duration, 15), "15 us");
  const wmpush_option_info bytes{"x", WMPUSH_OPTION_INTEGER, "bytes", 0, 0, 0, 0, "", 0, ""};
  EXPECT_EQ(option_value_text(bytes, 70), "70 bytes");
}

TEST(PushOptions, AreSetFromTheCommandLineAndKeepTheirTexts) {
  std::string error;
  const std::vector<Flag> flags = PushOptions::flags();
  PushOptions options;
  {
    const Words words{"--template-url", "/t", "--auto_destroy", "1", "--end-timeout", "1500ms"};
    ASSERT_FALSE(options.take(Arguments::parse(flags, words, error))) << error;
  }
  EXPECT_STREQ(options.get().template_url, "/t");
  EXPECT_EQ(options.get().auto_destroy, 1);
  EXPECT_EQ(options.get().end_timeout, 1'500'000);
}

TEST(PushOptions, RefuseAValueOutOfRangeWithTheRange) {
  std::string error;
  const std::vector<Flag> flags = PushOptions::flags();
  PushOptions options;
  const Error refused =
      options.take(Arguments::parse(flags, Words{"--auto_destroy", "maybe"}, error));
  EXPECT_EQ(refused.result, Result::E_INVALIDARG);
  EXPECT_THAT(refused.message, HasSubstr("0 to 1"));
}

bool is_password(std::string_view name) { return name == "password"; }

TEST(Secrets, AreMaskedInEveryKindOfUrl) {
  const auto masked = [](std::string_view url) { return masked_url(url, is_password); };
  EXPECT_EQ(masked("wmpush://user:hunter2@host:80/live?x"), "wmpush://user:***@host:80/live?x");
  EXPECT_EQ(masked("http://user:p@ss@host/live"), "http://user:***@host/live");
  EXPECT_EQ(masked("wmpush://user:pa/ss?w@host/live"), "wmpush://user:***@host/live");
  EXPECT_EQ(masked("wmpush://host/live?a=b&password=hunter2&c=d"),
            "wmpush://host/live?a=b&password=***&c=d");
  EXPECT_EQ(masked("wmpush://u:p@host?password=x"), "wmpush://u:***@host?password=***");
}

TEST(Secrets, AreNotSeenWhereThereAreNone) {
  for (const char* url : {"wmpush://host/live", "wmpush://user@host/live", "wmpush://host:8080/a@b",
                          "wmpush://[::1]:8080/a@b", "film:2@home.wmv", "", "wmpush://",
                          "wmpush://host/live?", "wmpush://host/live?password"})
    EXPECT_EQ(masked_url(url, is_password), url);
}

TEST(Secrets, AreWipedFromTheArgumentsInPlace) {
  std::vector<std::string> words{"send",
                                 "a.wmv",
                                 "--password",
                                 "hunter2",
                                 "--pass-word=x",
                                 "--password=hunter2",
                                 "--http_proxy=http://u:hunter2@proxy",
                                 "wmpush://u:hunter2@host/live?password=hunter2"};
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  scrub(pointers, is_password);
  EXPECT_THAT(words, ElementsAre("send", "a.wmv", "--password", "*******", "--pass-word=x",
                                 "--password=*******", "--http_proxy=http://u:*******@proxy",
                                 "wmpush://u:*******@host/live?password=*******"));
}

TEST(Secrets, AreWhatTheTableOfOptionsCallsSecret) {
  EXPECT_TRUE(is_secret_option("password"));
  EXPECT_TRUE(is_secret_option("http-proxy"));
  EXPECT_FALSE(is_secret_option("password_file"));
  EXPECT_FALSE(is_secret_option("user"));
  EXPECT_TRUE(is_secret_option("pass-wrod")) << "misspelt";
}

TEST(ListenAddress, TakesHostAndPortOrOneOfThem) {
  ListenAddress address;
  const auto parsed = [&](std::string_view text) {
    const std::string wrong = ListenAddress::parse(text, address);
    return wrong.empty() ? address.text() : wrong;
  };
  EXPECT_EQ(ListenAddress().text(), "127.0.0.1:8080");
  EXPECT_EQ(parsed("10.0.0.1:81"), "10.0.0.1:81");
  EXPECT_EQ(parsed("localhost"), "127.0.0.1:8080");
  EXPECT_EQ(parsed("0"), "127.0.0.1:0");
  EXPECT_EQ(parsed(":81"), "127.0.0.1:81");
  EXPECT_EQ(parsed("*:80"), "0.0.0.0:80");
  EXPECT_EQ(parsed("[::1]:81"), "[::1]:81");
  EXPECT_EQ(parsed("[::]"), "[::]:8080");
}

TEST(ListenAddress, SaysWhatIsWrong) {
  ListenAddress address;
  EXPECT_THAT(ListenAddress::parse("::1", address), HasSubstr("[::1]"));
  EXPECT_THAT(ListenAddress::parse("[::1", address), HasSubstr("without a ']'"));
  EXPECT_THAT(ListenAddress::parse("[::1]81", address), HasSubstr(":PORT"));
  EXPECT_THAT(ListenAddress::parse("[127.0.0.1]:81", address), HasSubstr("not an IPv6 address"));
  EXPECT_THAT(ListenAddress::parse("1.2.3.4:65536", address), HasSubstr("65535"));
  EXPECT_THAT(ListenAddress::parse("1.2.3.4:", address), HasSubstr("not a port"));
  EXPECT_THAT(ListenAddress::parse("1.2.3.4:-1", address), HasSubstr("not a port"));
  EXPECT_THAT(ListenAddress::parse("example.org:80", address), HasSubstr("not an IPv4 address"));
}

}  // namespace
}  // namespace wmpush::tool
