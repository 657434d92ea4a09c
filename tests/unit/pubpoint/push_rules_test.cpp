// The rules that a report of a push names are those of the table of rules.
#include "pubpoint/push/push_rules.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace wmpush::pubpoint {
namespace {

TEST(PushRules, HaveTheWordsOfTheTable) {
  std::map<std::string, std::string> table;
  std::ifstream file(RULES);
  for (std::string line; std::getline(file, line);)
    if (const std::size_t text = line.rfind(" | "); text != line.npos && line[0] != '#')
      table[line.substr(0, 3)] = line.substr(text + 3);
  ASSERT_FALSE(table.empty());
  for (const PushRule& rule : push_rules()) EXPECT_EQ(table[rule.id], rule.text);
}

TEST(PushRules, HaveEveryRuleOfFrames) {
  std::size_t frames = 0;
  for (const PushRule& rule : push_rules())
    if (rule.of == PushRule::Of::Stream) ++frames;
  EXPECT_EQ(frames, 8u);
}

}  // namespace
}  // namespace wmpush::pubpoint
