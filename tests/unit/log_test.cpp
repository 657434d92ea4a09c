#include "core/log.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(Log, MasksASecretWhereverItOccurs) {
  Log log;
  log.hide("hunter2");
  log.hide("hunter2-longer");
  EXPECT_EQ(log.line("user:hunter2@host said hunter2-longer, hunter2"),
            "user:***@host said ***, ***");
}

TEST(Log, MasksWhatLooksLikeASecretToo) {
  EXPECT_EQ(Log().line("PushSetup for /live?user=joe&pasword=sEcr3t"),
            "PushSetup for /live?user=joe&pasword=***");
}

TEST(Log, MakesOneLineOfWhateverAPeerSent) {
  EXPECT_EQ(Log().line("404 \r\nbad\x80name \xC3\xA9"), "404 \\x0d\\x0abad\\x80name \xC3\xA9");
  EXPECT_EQ(Log().line("\xED\xA0\x80"), "\\xed\\xa0\\x80");  // half a surrogate pair
}

TEST(Log, CutsALineThatIsTooLong) {
  const std::string line = Log().line(std::string(5000, 'x'));
  EXPECT_LE(line.size(), 1000u);
  EXPECT_TRUE(line.ends_with("..."));
}

TEST(Log, HandsTheLineToTheProgram) {
  std::string seen;
  Log log(
      [](void* to, wmpush_log_level, const char* text) { *static_cast<std::string*>(to) = text; },
      &seen);
  log.write(WMPUSH_LOG_INFO, "hello");
  EXPECT_EQ(seen, "hello");
  Log().write(WMPUSH_LOG_INFO, "nobody listens");
}

}  // namespace
}  // namespace wmpush
