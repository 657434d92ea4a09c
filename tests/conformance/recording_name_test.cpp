// A recording is called what the pattern says, and always something that a file can be called.
#include "pubpoint/record/recording_name.hpp"

#include <gtest/gtest.h>

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;

/// 2026-11-26 21:00:05 UTC.
constexpr std::chrono::system_clock::time_point kNow{1795726805s};

TEST(RecordingName, HasThePointTheDateAndTheTime) {
  EXPECT_EQ(recording_name(kRecordingName, "/live", kNow, 1), "live-20261126-210005");
  EXPECT_EQ(recording_name("{entry}_of_{point}", "/live", kNow, 12), "12_of_live");
  EXPECT_EQ(recording_name("take", "/live", kNow, 1), "take");
}

TEST(RecordingName, IsSafeInEveryFileSystem) {
  EXPECT_EQ(recording_name("{point}", "/a b;c\xC3\xA4", kNow, 1), "a_b_c__");
  EXPECT_EQ(recording_name("{point}-x", "/.hidden", kNow, 1), "hidden-x");
  EXPECT_EQ(recording_name("{point}", "/-rf", kNow, 1), "rf");
  EXPECT_EQ(recording_name("{point}-{entry}", "/", kNow, 0), "push-0");
  EXPECT_EQ(recording_name("../../{point}{x}{", "/live", kNow, 1), "live_x__");
  EXPECT_EQ(recording_name("", "/live", kNow, 1), "push");
  EXPECT_LE(recording_name(std::string(5000, 'x'), "/", kNow, 1).size(), 200u);
  EXPECT_LE(recording_name("{point}{point}{point}", "/" + std::string(5000, 'y'), kNow, 1).size(),
            200u);
}

TEST(RecordingName, IsCheckedBeforeItIsNeeded) {
  EXPECT_EQ(check_recording_name(kRecordingName), "");
  EXPECT_EQ(check_recording_name("{point} {date} {time} {entry}"), "");
  for (const char* wrong : {"", "a/b", "{id}", "{point", "{"})
    EXPECT_NE(check_recording_name(wrong), "") << wrong;
}

}  // namespace
}  // namespace wmpush::pubpoint
