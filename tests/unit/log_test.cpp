#include "core/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/printable.hpp"

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

TEST(Log, ShowsNothingThatATerminalObeys) {
  // C1 controls: NEL, CSI, and the last one; in UTF-8, and as bytes.
  EXPECT_EQ(Log().line("a\xC2\x85"
                       "b\xC2\x9B"
                       "c\xC2\x9F"),
            "a\\xc2\\x85b\\xc2\\x9bc\\xc2\\x9f");
  EXPECT_EQ(Log().line("\x9B"
                       "31m\x1B[31m\x7F"),
            "\\x9b31m\\x1b[31m\\x7f");
  EXPECT_EQ(Log().line("\xC2\xA0"), "\xC2\xA0");
  EXPECT_EQ(Log().line("\xE2\x80\xA8|\xE2\x80\xA9"), "\\xe2\\x80\\xa8|\\xe2\\x80\\xa9");
}

TEST(Log, ShowsNothingThatTurnsTheOrderOfALine) {
  for (const char* mark : {"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D",
                           "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"}) {
    const std::string line = Log().line(std::string("live") + mark + "fsa.exe");
    EXPECT_THAT(line, ::testing::MatchesRegex("live(\\\\x[0-9a-f][0-9a-f])+fsa.exe"));
    EXPECT_EQ(printable(line), line) << "once is enough";
  }
  // Their neighbours, and the letters of those who write from right to left.
  for (const char* shown : {"\u061B", "\u0627", "\u05D0", "\u2010", "\u200D", "\u2027", "\u202F",
                            "\u2065", "\u206A", "\U0001F600"})
    EXPECT_EQ(Log().line(shown), shown);
}

TEST(Printable, TellsAControlCharacterFromALetter) {
  for (const char* text : {"\n", "a\tb", "\x7F", "\u0080", "\u009F", "\x85", "\xC3\x28\x9B"})
    EXPECT_TRUE(has_control_character(text)) << printable(text);
  for (const char* text : {"", "a b", "\u00A0", "\u00E9", "\xE9", "\u202E", "\U0001F600"})
    EXPECT_FALSE(has_control_character(text)) << printable(text);
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
