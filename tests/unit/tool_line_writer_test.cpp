#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "wmpush/line_writer.hpp"

namespace wmpush::tool {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LineWriterTest : public testing::Test {
 protected:
  LineWriterTest() { EXPECT_EQ(pipe(ends_), 0); }
  ~LineWriterTest() override {
    close_writing();
    close(ends_[0]);
  }

  int writing() const { return ends_[1]; }
  void close_writing() {
    if (ends_[1] >= 0) close(ends_[1]);
    ends_[1] = -1;
  }
  /// What is read until it ends with `end`; empty: until everything is closed.
  std::string read_until(const std::string& end) {
    std::string text;
    char buffer[4096];
    while (end.empty() || !text.ends_with(end)) {
      const ssize_t count = read(ends_[0], buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<std::size_t>(count));
    }
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

TEST_F(LineWriterTest, KeepsTheOrder) {
  std::string expected;
  {
    LineWriter writer(writing());
    close_writing();
    for (int i = 0; i < 100; ++i) {
      writer.write(std::to_string(i));
      expected += std::to_string(i) + "\n";
    }
  }
  EXPECT_EQ(read_until(""), expected);
}

TEST_F(LineWriterTest, NeverWaitsForAReaderAndSaysWhatIsLost) {
  LineWriter writer(writing());
  constexpr int kLines = 5000;
  for (int i = 0; i < kLines; ++i) writer.write(std::to_string(i) + std::string(300, '.'));
  const std::string text = read_until(" in time\n");
  EXPECT_THAT(text, StartsWith("0..."));
  EXPECT_THAT(text, HasSubstr(" lines are missing here"));
  writer.write("later");
  EXPECT_THAT(read_until("later\n"), EndsWith("later\n"));
  const auto kept = static_cast<int>(std::count(text.begin(), text.end(), '\n')) - 1;
  EXPECT_THAT(text, HasSubstr("\n" + std::to_string(kLines - kept) + " lines are missing"));
}

TEST_F(LineWriterTest, EndsThoughNobodyReads) {
  LineWriter writer(writing());
  for (int i = 0; i < 1000; ++i) writer.write(std::string(300, '.'));
}

TEST_F(LineWriterTest, GoesOnElsewhere) {
  int other[2];
  ASSERT_EQ(pipe(other), 0);
  {
    LineWriter writer(writing());
    writer.write("here");
    writer.go_on_with(other[1]);
    writer.write("there");
    writer.go_on_with(-1);
    writer.write("nowhere");
  }
  close_writing();
  EXPECT_EQ(read_until(""), "here\n");
  char buffer[100];
  EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(read(other[0], buffer, sizeof buffer))),
            "there\n");
  close(other[0]);
  close(other[1]);
}

}  // namespace
}  // namespace wmpush::tool
