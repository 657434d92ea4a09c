#include "core/hexadecimal.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(Hexadecimal, HasTwoSmallDigitsForEachByte) {
  EXPECT_EQ(hexadecimal({}), "");
  EXPECT_EQ(hexadecimal(as_bytes(std::string_view("\x00\x0F\xA5\xFF", 4))), "000fa5ff");
}

TEST(Hexadecimal, KnowsItsDigitsInEitherCase) {
  EXPECT_EQ(hex_digit('0'), 0);
  EXPECT_EQ(hex_digit('9'), 9);
  EXPECT_EQ(hex_digit('a'), 10);
  EXPECT_EQ(hex_digit('F'), 15);
  for (const char c : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xFF'})
    EXPECT_EQ(hex_digit(c), -1);
}

}  // namespace
}  // namespace wmpush
