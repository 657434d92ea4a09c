#include "sink/options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "wmpush/push_session.hpp"

namespace wmpush {
namespace {

using ::testing::HasSubstr;

TEST(Options, HaveTheirDefaultsFromTheTable) {
  wmpush_options options;
  wmpush_options_init(&options);
  EXPECT_EQ(options.size, sizeof options);
  EXPECT_EQ(options.connect_timeout, 10'000'000);
  EXPECT_EQ(options.response_timeout, 15'000'000);
  EXPECT_EQ(options.end_timeout, 5'000'000);
  EXPECT_EQ(options.strict_server, 1);
  EXPECT_EQ(options.content_length, 0);
  EXPECT_EQ(options.template_url, nullptr);
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    EXPECT_STRNE(info->help, "");
    const std::string value = option_default(*info);
    EXPECT_FALSE(set_option(options, info->name, value.c_str())) << info->name;
  }
}

TEST(Options, OfTextSayWhetherAUrlMayGiveThem) {
  // Whatever names a file, a route or a program of this machine belongs to the second list.
  const std::vector<std::string> taken = {"template_url", "user",   "password",  "congestion",
                                          "auth",         "resume", "user_agent"};
  const std::vector<std::string> refused = {"password_file", "http_proxy", "ca_file", "cert_file",
                                            "key_file"};
  std::size_t texts = 0;
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    OwnedOptions options;
    if (info->type != WMPUSH_OPTION_TEXT) {
      if (std::string_view(info->name) == "tls_verify") continue;
      EXPECT_EQ(info->not_in_url, 0) << info->name;
      EXPECT_FALSE(options.set_from_url(info->name, option_default(*info))) << info->name;
      continue;
    }
    ++texts;
    EXPECT_EQ(info->not_in_url, std::ranges::count(refused, info->name)) << info->name;
    EXPECT_EQ(1 - info->not_in_url, std::ranges::count(taken, info->name))
        << info->name << " is in neither list: decide";
    const Error error = options.set_from_url(info->name, "x");
    EXPECT_EQ(error.result, info->not_in_url != 0 ? Result::E_INVALIDARG : Result::S_OK);
  }
  EXPECT_EQ(texts, taken.size() + refused.size());
}

TEST(Options, OfWordsTakeTheWordsInTheTableAndNoOthers) {
  std::size_t count = 0;
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    std::istringstream words(info->values);
    const auto start = [&](const std::string& word) {
      wmpush_options options;
      wmpush_options_init(&options);
      options.user = "ali";
      options.password = "x";
      EXPECT_FALSE(set_option(options, info->name, word.c_str())) << info->name;
      return PushSession(options).start("wmpush://127.0.0.1:1/live");
    };
    for (std::string word; std::getline(words, word, '|'); ++count)
      EXPECT_NE(start(word), Result::E_INVALIDARG) << info->name << '=' << word;
    if (*info->values == '\0') continue;
    EXPECT_EQ(start("other"), Result::E_INVALIDARG) << info->name;
  }
  EXPECT_GE(count, 10U);
}

TEST(Options, TakeDurationsInFFmpegsSyntax) {
  const std::vector<std::pair<const char*, std::int64_t>> values = {
      {"5", 5'000'000},         {"0.5", 500'000},           {"250ms", 250'000},
      {"20000us", 20'000},      {"3s", 3'000'000},          {"1:30", 90'000'000},
      {"00:01:00", 60'000'000}, {"1:00:00", 3'600'000'000}, {"01:02.5", 62'500'000}};
  for (const auto& [text, us] : values) {
    OwnedOptions options;
    EXPECT_EQ(options.set("end_timeout", text).message, "") << text;
    EXPECT_EQ(options->end_timeout, us) << text;
  }
  for (const char* text :
       {"", "x", "5h", "1:2:3:4", "-1", "1e3", "1,5", "9us", "100:00:00", "nan"}) {
    OwnedOptions options;
    EXPECT_EQ(options.set("end_timeout", text).result, Result::E_INVALIDARG) << text;
  }
}

TEST(Options, NameTheRangeOfAValueThatIsOutside) {
  OwnedOptions options;
  EXPECT_THAT(options.set("content_length", "2147483648").message,
              HasSubstr("0 to 2147483647 bytes"));
  EXPECT_THAT(options.set("strict_server", "2").message, HasSubstr("0 to 1"));
  EXPECT_THAT(options.set("end_timeout", "1us").message, HasSubstr("10ms to 86400s"));
  EXPECT_THAT(options.set("speed", "1").message, HasSubstr("no option 'speed'"));
}

TEST(Options, AreCheckedWhenAProgramSetTheMembersItself) {
  wmpush_options raw;
  wmpush_options_init(&raw);
  raw.end_timeout = -1;
  EXPECT_THAT(OwnedOptions(raw).check().message, HasSubstr("end_timeout"));
}

TEST(Options, OwnTheirTexts) {
  std::string text = "/template";
  wmpush_options raw;
  wmpush_options_init(&raw);
  raw.template_url = text.c_str();
  const OwnedOptions owned(raw);
  text = "changed!!";
  EXPECT_STREQ(owned->template_url, "/template");
}

TEST(Options, AcceptTheStructureOfAnOlderProgram) {
  wmpush_options raw;
  wmpush_options_init(&raw);
  raw.auto_destroy = 1;
  raw.strict_server = 0;
  raw.size = offsetof(wmpush_options, user);
  const OwnedOptions owned(raw);
  EXPECT_EQ(owned->auto_destroy, 1);
  EXPECT_EQ(owned->strict_server, 1);
}

}  // namespace
}  // namespace wmpush
