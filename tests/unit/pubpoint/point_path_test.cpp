#include "pubpoint/point_path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

using ::testing::HasSubstr;

std::string path_of(std::string_view name) {
  std::string path;
  EXPECT_EQ(parse_point(name, path), "") << name;
  return path;
}

TEST(PointPath, IsWhatAUrlNames) {
  EXPECT_EQ(path_of("live"), "/live");
  EXPECT_EQ(path_of("/live"), "/live");
  EXPECT_EQ(path_of("/"), "/");
  EXPECT_EQ(path_of("a/b"), "/a/b");
  EXPECT_EQ(path_of("My Radio"), "/My Radio");
  EXPECT_EQ(path_of("My%20Radio"), "/My Radio");
  EXPECT_EQ(path_of("ラジオ"), "/ラジオ");
  EXPECT_EQ(path_of("%E3%83%A9"), "/ラ");
  EXPECT_EQ(path_of("what%3F"), "/what?");
  EXPECT_EQ(path_of("100%"), "/100%");
}

TEST(PointPath, SaysWhatCannotBeOne) {
  std::string path;
  EXPECT_THAT(parse_point("", path), HasSubstr("needs a name"));
  EXPECT_THAT(parse_point("a?b", path), HasSubstr("%3F"));
  EXPECT_THAT(parse_point("a#b", path), HasSubstr("%23"));
  for (const char* name : {"a\nb", "a%0Ab", "%00", "\x7F", "%7f"})
    EXPECT_THAT(parse_point(name, path), HasSubstr("control character")) << name;
}

}  // namespace
}  // namespace wmpush::pubpoint
