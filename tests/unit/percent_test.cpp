#include "core/percent.hpp"

#include <gtest/gtest.h>

namespace wmpush {
namespace {

TEST(Percent, DecodesDigitsOfEitherCase) {
  EXPECT_EQ(percent_decoded("My%20Radio%2f%C3%A4"), "My Radio/\xC3\xA4");
  EXPECT_EQ(percent_decoded(""), "");
  EXPECT_EQ(percent_decoded("%41"), "A");
}

TEST(Percent, DecodesNothingWhereDigitsAreMissingUnlessItIsToBeLenient) {
  for (const char* text : {"%", "%4", "a%", "a%4", "%4g", "%%41"}) {
    EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
  }
  EXPECT_EQ(percent_decoded_leniently("100%"), "100%");
  EXPECT_EQ(percent_decoded_leniently("%4g%41"), "%4gA");
  EXPECT_EQ(percent_decoded_leniently("%%41"), "%A");
}

TEST(Percent, EncodesWhatMayNotStandInAPath) {
  EXPECT_EQ(percent_encoded_path("/a b/\xC3\xA4?#%"), "/a%20b/%C3%A4%3F%23%25");
  EXPECT_EQ(percent_encoded_path("/-._~!$&'()*+,;=:@"), "/-._~!$&'()*+,;=:@");
}

TEST(Percent, DecodesToWhatWasEncoded) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(percent_decoded(percent_encoded_path(all)), all);
}

}  // namespace
}  // namespace wmpush
