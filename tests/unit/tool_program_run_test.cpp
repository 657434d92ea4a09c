// Programs that end, that fail, and that do not end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/wmpush/program_run.hpp"

namespace wmpush::tool {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(ProgramRun, GivesOutputAndStatus) {
  const auto run =
      ProgramRun::run({"sh", "-c", "echo $WORD; echo two >&2; exit 3"}, 10s, {"WORD=one"});
  EXPECT_EQ(run.failure, "");
  EXPECT_EQ(run.status, 3);
  EXPECT_EQ(run.output, "one\ntwo\n");
}

TEST(ProgramRun, EndsWhatDoesNotEndWithAllThatItStarted) {
  const auto run = ProgramRun::run({"sh", "-c", "echo begun; sleep 1000 & wait"}, 300ms);
  EXPECT_THAT(run.failure, HasSubstr("has not ended within 1 s"));
  EXPECT_EQ(run.status, 128 + 9);
}

TEST(ProgramRun, ReadsNoMoreThanItKeeps) {
  const auto run = ProgramRun::run({"sh", "-c", "head -c 3000000 /dev/zero"}, 10s);
  EXPECT_EQ(run.status, 0);
  EXPECT_EQ(run.output.size(), ProgramRun::kMostOutput);
}

TEST(ProgramRun, SaysThatThereIsNoSuchProgram) {
  EXPECT_THAT(ProgramRun::run({"/no/such/program"}, 10s).failure, HasSubstr("cannot be run"));
  EXPECT_EQ(find_program("/no/such/program"), "");
  EXPECT_EQ(find_program("no such program"), "");
  EXPECT_THAT(find_program("sh"), ::testing::EndsWith("/sh"));
}

}  // namespace
}  // namespace wmpush::tool
