#include "pubpoint/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

namespace wmpush::pubpoint {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Config read(const std::string& text) {
  Config config;
  EXPECT_EQ(read_config(text, "live.toml", config), "") << text;
  return config;
}

std::string wrong(const std::string& text) {
  Config config;
  const std::string said = read_config(text, "live.toml", config);
  EXPECT_NE(said, "") << text;
  EXPECT_EQ(said.find('\n'), said.npos) << said;
  return said;
}

TEST(Config, AnEmptyFileChangesNothing) {
  const Config config = read("# nothing\n");
  EXPECT_EQ(config.listen, "127.0.0.1:8080");
  EXPECT_THAT(config.settings.points, ElementsAre("/live"));
  EXPECT_EQ(config.settings.limits.viewers, Limits{}.viewers);
}

TEST(Config, ReadsEveryTable) {
  const Config config = read(R"(
listen = "*:80"
takeover = "newer"
[record]
directory = "received"
name = "{point}-{entry}"
size = 1_000_000
time = 60000
free = 0
required = true
[access]
users = "users"
grants = ["ali:push:/live", "*:watch:*"]
push_from = ["10.0.0.0/8", "::1"]
watch_from = ["!10.0.0.7", "all"]
token_key = "key"
[timeouts]
push = 20000
[limits]
viewers = 10
head_time = 2000
point_time = 5
[log]
access = "access.log"
[[point]]
name = "studio"
[[point]]
name = "My%20Radio"
)");
  const Settings& settings = config.settings;
  EXPECT_EQ(config.listen, "*:80");
  EXPECT_EQ(settings.takeover, Takeover::Newer);
  EXPECT_EQ(settings.record, "received");
  EXPECT_EQ(settings.record_name, "{point}-{entry}");
  EXPECT_EQ(settings.record_size, 1'000'000u);
  EXPECT_EQ(settings.record_time, std::chrono::minutes(1));
  EXPECT_EQ(settings.record_free, 0u);
  EXPECT_TRUE(settings.record_required);
  EXPECT_EQ(config.users, "users");
  EXPECT_THAT(config.grants, ElementsAre("ali:push:/live", "*:watch:*"));
  EXPECT_EQ(config.push_from, "10.0.0.0/8,::1");
  EXPECT_EQ(config.watch_from, "!10.0.0.7,all");
  EXPECT_EQ(config.token_key, "key");
  EXPECT_EQ(settings.idle_timeout, std::chrono::seconds(20));
  EXPECT_EQ(settings.limits.viewers, 10u);
  EXPECT_EQ(settings.limits.head_time, std::chrono::seconds(2));
  EXPECT_EQ(settings.limits.point_time, std::chrono::minutes(5));
  EXPECT_EQ(config.access_log, "access.log");
  EXPECT_THAT(settings.points, ElementsAre("/studio", "/My Radio"));
  EXPECT_EQ(config.source("access.users", "--users"), "live.toml: line 12, column 1: access.users");
  EXPECT_EQ(config.source("access.user", "--user"), "--user");
}

TEST(Config, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(wrong("\n[limits]\n  viewer = 3\n"),
            "live.toml: line 3, column 3: there is no key 'viewer' in [limits]: did you mean "
            "'viewers'?");
  EXPECT_THAT(wrong("listn = \"*:80\"\n"), HasSubstr("did you mean 'listen'?"));
  EXPECT_THAT(wrong("[limit]\n"),
              AllOf(StartsWith("live.toml: line 1, column "), HasSubstr("did you mean 'limits'?")));
  EXPECT_THAT(wrong("[zzzzzzzz]\n"), HasSubstr("there are access, hls, hooks, limits, log, "));
  EXPECT_THAT(wrong("[limits]\nviewers = \"many\"\n"),
              HasSubstr("line 2, column 1: limits.viewers needs a whole number from 0 to "
                        "1000000000, and this is a text"));
  EXPECT_THAT(wrong("[limits]\nconnections = 0\n"), HasSubstr("and this is 0"));
  EXPECT_THAT(wrong("[limits]\nviewers = 1.5\n"), HasSubstr("a number with a fraction"));
  EXPECT_THAT(wrong("[record]\nrequired = 1\ndirectory = \"r\"\n"), HasSubstr("true or false"));
  EXPECT_THAT(wrong("[record]\nsize = -1\n"), HasSubstr("0 or more, and this is -1"));
  EXPECT_THAT(wrong("[record]\nname = \"a/b\"\n"), HasSubstr("names a folder"));
  EXPECT_THAT(wrong("[record]\nsize = 1\n"),
              HasSubstr("line 2, column 1: record.size needs a directory in [record]"));
  EXPECT_THAT(wrong("takeover = \"older\"\n"), HasSubstr("is \"refuse\" or \"newer\""));
  EXPECT_THAT(wrong("[[point]]\nname = \"live\"\nhls = \"mp4\"\n"),
              HasSubstr("is \"off\", \"copy\" or \"transcode\", and not \"mp4\""));
  EXPECT_THAT(wrong("[hls]\nsegments = 2\n"), HasSubstr("3 to 1000, and this is 2"));
  EXPECT_THAT(wrong("[hls]\nprogram = \"\"\n"), HasSubstr("a name is needed"));
  EXPECT_THAT(wrong("[access]\ngrants = [\"ali:fly:*\"]\n"), HasSubstr("'fly' is no right"));
  EXPECT_THAT(wrong("[access]\ngrants = \"ali:push:*\"\n"), HasSubstr("needs a list of texts"));
  EXPECT_THAT(wrong("[access]\npush_from = [\"host\"]\n"), HasSubstr("access.push_from: 'host'"));
  EXPECT_THAT(wrong("[[point]]\n"), HasSubstr("a [[point]] needs a name"));
  EXPECT_THAT(wrong("[[point]]\n[[point]]\nname = \"a\"\n"), HasSubstr("needs a name"));
  EXPECT_THAT(wrong("[[point]]\nname = \"a\\u0007\"\n"), HasSubstr("control character"));
  EXPECT_THAT(wrong("[point]\nname = \"live\"\n"), HasSubstr("[[point]]"));
  EXPECT_THAT(wrong("[[limits]]\nviewers = 1\n"), HasSubstr("[limits]"));
  EXPECT_THAT(wrong("limits = 3\n"), HasSubstr("write [limits]"));
  EXPECT_THAT(wrong("listen = \n"), StartsWith("live.toml: line 1, column "));
  EXPECT_THAT(wrong("listen = \"a\"\nlisten = \"b\"\n"), StartsWith("live.toml: line 2, column "));
}

TEST(Config, BracketsThatLeadNowhereAreAFaultOfTheFile) {
  for (const char* text :
       {"[", "[\n", "[[", "[[[", "[=", "[.", "[[[a]]]", "[]", "[[]]", "[a", "= 1", "a"}) {
    Config config;
    EXPECT_THAT(read_config(text, "wmpush.toml", config), HasSubstr("wmpush.toml: line 1, column "))
        << text;
  }
}

TEST(Config, ABrokenFileLeavesEverythingAsItWas) {
  Config config;
  config.listen = "*:1";
  EXPECT_NE(read_config("listen = \"*:2\"\nnonsense = 1\n", "live.toml", config), "");
  EXPECT_EQ(config.listen, "*:1");
}

TEST(Config, HasAKeyForEachLimit) {
  // A member more, and this does not compile: it needs a key, too.
  const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = Limits{};
  static_cast<void>(std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p));
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys())
    if (key.table == "limits") names.insert(key.name);
  EXPECT_EQ(names.size(), 16u);
}

TEST(Config, TheExampleIsUpToDate) {
  std::ifstream file(CONFIG_EXAMPLE);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), config_example()) << "cmake --build … --target update_documents writes it";
}

TEST(Config, TheExampleNamesEveryKeyWithItsDefault) {
  const std::string example = config_example();
  read(example);
  const Config defaults;
  for (const ConfigKey& key : config_keys())
    EXPECT_THAT(example, HasSubstr("\n#" + key.name + " = " + key.show(defaults) + "\n"));
  // Every line of it says what is so anyway.
  std::string all = example;
  for (std::size_t at = 0; (at = all.find("\n#", at)) != all.npos; ++at)
    if (all.compare(at + 2, 1, " ") != 0) all.erase(at + 1, 1);
  const Config config = read(all);
  EXPECT_THAT(config.settings.points, ElementsAre("/live"));
  for (const ConfigKey& key : config_keys()) EXPECT_EQ(key.show(config), key.show(defaults));
}

}  // namespace
}  // namespace wmpush::pubpoint
