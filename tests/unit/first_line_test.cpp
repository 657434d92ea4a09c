#include "core/first_line.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temporary_directory.hpp"

namespace wmpush {
namespace {

using testing::HasSubstr;

class FirstLine : public testing::Test {
 protected:
  Error read(const std::string& content) {
    std::ofstream(file(), std::ios::binary) << content;
    return read_first_line("password_file", file(), line);
  }
  std::string file() const { return (folder.path() / "secret").string(); }

  test::TemporaryDirectory folder;
  std::string line = "before";
};

TEST_F(FirstLine, IsWhatStandsInFrontOfTheFirstLineBreak) {
  const std::string long_line(2000, 'x');
  for (const std::string& text : {std::string("secret"), std::string(), long_line})
    for (const char* end : {"\n", "\r\n", "\nmore\n"}) {
      EXPECT_FALSE(read(text + end));
      EXPECT_EQ(line, text);
    }
  EXPECT_FALSE(read("no end"));
  EXPECT_EQ(line, "no end");
}

TEST_F(FirstLine, OfAnEmptyFileThereIsNone) {
  const Error error = read("");
  EXPECT_EQ(error.result, Result::E_INVALIDARG);
  EXPECT_THAT(error.message, HasSubstr("password_file '" + file() + "' has no first line"));
}

TEST_F(FirstLine, SaysWhyItCannotBeRead) {
  EXPECT_THAT(read_first_line("key", file() + "x", line).message, HasSubstr("cannot be opened: "));
  EXPECT_EQ(read_first_line("key", file() + "x", line).system_error, ENOENT);
  EXPECT_THAT(read_first_line("key", folder.path().string(), line).message,
              HasSubstr("is a directory"));
  EXPECT_THAT(read(std::string(1100 * 1024, 'x')).message, HasSubstr("more than 1 MiB"));
}

}  // namespace
}  // namespace wmpush
