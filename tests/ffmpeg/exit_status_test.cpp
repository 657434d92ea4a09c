// ffmpeg's exit status tells how the push ended, wherever it failed.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <optional>

#include "publishing_point.hpp"

namespace wmpush::test {
namespace {

/// Where a push fails, and through which muxer.
struct Case {
  std::string name;
  std::optional<Fault> fault;
};

void PrintTo(const Case& the_case, std::ostream* out) { *out << the_case.name; }

class ExitStatus : public PublishingPoint, public testing::WithParamInterface<Case> {
 protected:
  const Arguments input{"-i", media("input.asf"), "-map", "0:0", "-map", "0:1", "-c", "copy"};

  void SetUp() override {
    pubpoint::Settings settings;
    settings.points = {"/live", "/live0"};
    start(settings);
    if (GetParam().fault) server->add_fault(*GetParam().fault);
  }

  /// The push of `output` fails where the case has a fault, and succeeds where it has none.
  void expect_truth(const Arguments& output) {
    const Finished push = run(ffmpeg_wmpush(input + output));
    if (!GetParam().fault) {
      EXPECT_EQ(push.status, 0) << push.error;
      EXPECT_THAT(push.error, testing::Not(testing::HasSubstr("wmpush: "))) << push.error;
      return;
    }
    EXPECT_NE(push.status, 0) << push.error;
    if (is_built_in()) return;
    EXPECT_THAT(last_line(push.error),
                testing::ContainsRegex("^wmpush: [NE_A-Z]+ \\(0x[0-9A-F]+\\): wmpush://.*: .+"));
  }
};

TEST_P(ExitStatus, OfAPlainPush) { expect_truth({"-f", "asf", url()}); }

TEST_P(ExitStatus, OfTwoOutputs) {
  expect_truth(Arguments{"-f", "asf", url(), "-map", "0:0", "-map", "0:1", "-c", "copy", "-f",
                         "asf", url("/live0")});
}

TEST_P(ExitStatus, OfATee) { expect_truth({"-f", "tee", "[f=asf]" + url() + "|[f=null]-"}); }

TEST_P(ExitStatus, OfATeeThatIgnoresFailures) {
  expect_truth({"-f", "tee", "[f=asf:onfail=ignore]" + url() + "|[f=null]-"});
}

TEST_P(ExitStatus, OfATeeOfTwoPushes) {
  expect_truth({"-f", "tee", "[f=asf]" + url() + "|[f=asf]" + url("/live0")});
}

TEST_P(ExitStatus, OfATeeOfTwoPushesThatIgnoresFailures) {
  if (is_built_in()) GTEST_SKIP() << "there a tee whose last output is good ignores the others";
  expect_truth(
      {"-f", "tee", "[f=asf:onfail=ignore]" + url() + "|[f=asf:onfail=ignore]" + url("/live0")});
}

TEST_P(ExitStatus, OfATeeThroughFifos) {
  if (is_built_in()) GTEST_SKIP() << "there a tee whose last output is good ignores the others";
  expect_truth({"-f", "tee", "-use_fifo", "1",
                "[f=asf:onfail=ignore]" + url() + "|[f=asf:onfail=ignore]" + url("/live0")});
}

TEST_P(ExitStatus, OfAFifo) { expect_truth({"-f", "fifo", "-fifo_format", "asf", url()}); }

TEST_P(ExitStatus, OfASegment) {
  expect_truth(
      {"-f", "segment", "-segment_format", "asf", "-segment_time", "60", url("/live") + "%d"});
}

INSTANTIATE_TEST_SUITE_P(
    WhenItIs, ExitStatus,
    testing::Values(Case{"Good", std::nullopt},
                    Case{"RefusedAtTheOpen", Fault{.at = At::PushSetup, .status = 403}},
                    Case{"RefusedAsBusy", Fault{.at = At::PushSetup, .status = 409}},
                    Case{"LostAtTheHeader", Fault{.at = At::Header, .what = Do::Reset}},
                    Case{"LostInMidStream",
                         Fault{.at = At::Packet, .what = Do::Reset, .packet = 5}},
                    Case{"LostAtTheEnd", Fault{.at = At::End, .what = Do::Reset}}),
    [](const auto& parameter) { return parameter.param.name; });

class LeftOut : public PublishingPoint {};

TEST_F(LeftOut, AnOutputOfATeeThatWasNeverOpenedIsAFailure) {
  const Finished push = run(ffmpeg_wmpush({"-i", media("input.asf"), "-map", "0", "-c", "copy",
                                           "-f", "tee", "[f=asf]" + url() + "|" + url("/other")}));
  if (is_built_in()) GTEST_SKIP() << "only the preload object sees what was left out";
  EXPECT_NE(push.status, 0);
  if (pushing_version().fails_when_a_tee_leaves_out_an_output()) {
    EXPECT_THAT(push.error, testing::HasSubstr("specify the format manually"));
    return;
  }
  EXPECT_THAT(push.error, testing::HasSubstr("[f=asf]"));
  EXPECT_EQ(last_line(push.error), "wmpush: E_FAIL (0x80004005)");
}

class Outputs : public PublishingPoint {
 protected:
  const Arguments input{"-i", media("input.asf"), "-map", "0:0", "-map", "0:1", "-c", "copy"};
};

TEST_F(Outputs, AUrlInTheUsersTextIsNoneAndStaysAsItIs) {
  const std::string text = "live at wmpush://user:word@example.org/live";
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-metadata", "comment=" + text, "-f", "asf", url()}));
  EXPECT_EQ(push.status, 0) << push.error;
  const pubpoint::SessionReport session = ended_session();
  EXPECT_THAT(run(ffmpeg({"-i", session.recording, "-f", "ffmetadata", "-"})).output,
              testing::HasSubstr("comment=" + text));
}

TEST_F(Outputs, OfATeeThatNamesOneTwiceEachHaveAResult) {
  for (const bool first_is_good : {true, false}) {
    // The point is in use by the other, or the first is refused for once.
    if (!first_is_good) server->add_fault({.at = At::PushSetup, .status = 403});
    const Finished push = run(ffmpeg_wmpush(
        input + Arguments{"-f", "tee",
                          "[f=asf:onfail=ignore]" + url() + "|[f=asf:onfail=ignore]" + url()}));
    if (is_built_in()) GTEST_SKIP() << "only the preload object knows of both";
    EXPECT_NE(push.status, 0) << push.error;
    EXPECT_THAT(last_line(push.error), testing::StartsWith("wmpush: NS_E_"));
  }
}

class Recovery : public PublishingPoint {};

TEST_F(Recovery, OfAFifoCountsAsASuccess) {
  server->add_fault({.at = At::PushSetup, .status = 503});

  const Finished push = run(ffmpeg_wmpush({"-i", media("input.asf"), "-map", "0:1", "-c", "copy",
                                           "-f", "fifo", "-fifo_format", "asf", "-attempt_recovery",
                                           "1", "-recovery_wait_time", "0", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
}

}  // namespace
}  // namespace wmpush::test
