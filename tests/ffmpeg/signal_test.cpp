// Ctrl-C.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <csignal>

#include "publishing_point.hpp"

namespace wmpush::test {
namespace {

using Clock = std::chrono::steady_clock;

class Signal : public PublishingPoint {
 protected:
  /// At the pace of the media, and without an end.
  Arguments endless(const Arguments& output) const {
    return ffmpeg_wmpush(Arguments{"-re", "-stream_loop", "-1", "-i", media("input.asf"), "-map",
                                   "0:0", "-map", "0:1", "-c", "copy"} +
                         output);
  }

  /// As fast as the network takes it, with a line of progress as long as it takes any.
  Arguments fast(const Arguments& output) const {
    Arguments stats{"-stats"};
    if (pushing_version().takes_stats_period()) stats = stats + Arguments{"-stats_period", "0.1"};
    return ffmpeg_wmpush(
        stats +
        Arguments{"-stream_loop", "-1", "-i", media("large.asf"), "-map", "0", "-c", "copy"} +
        output);
  }

  void wait_for_packets(const ChildProcess& push) {
    ASSERT_TRUE(server->wait_for(
        [&] {
          const auto sessions = server->sessions();
          return !sessions.empty() && sessions.front().packets >= 2;
        },
        std::chrono::seconds(5)))
        << push.error_text();
  }

  /// A peer that takes nothing more behind its second packet.
  void stall() {
    pubpoint::Settings settings;
    settings.receive_buffer = 16384;
    start(settings);
    server->add_fault({.at = pubpoint::At::Packet, .what = pubpoint::Do::Stall, .packet = 2});
  }

  /// The preload object knows that there was a signal and then waits less; a protocol in FFmpeg
  /// only learns of the second one.
  std::string stalled_url() const { return url() + (is_built_in() ? "?send_timeout=4" : ""); }

  /// Whether the last two lines of progress say the same.
  static bool stands_still(const std::string& text) {
    const std::size_t last = text.rfind("frame=");
    if (last == std::string::npos || last == 0) return false;
    const std::size_t before = text.rfind("frame=", last - 1);
    return before != std::string::npos && text.compare(before, 12, text, last, 12) == 0;
  }

  static void wait_until_blocked(ChildProcess& push) {
    if (!pushing_version().prints_while_stalled()) {
      ASSERT_TRUE(push.wait_for_silence(Seconds(0.8))) << push.error_text();
      return;
    }
    for (int i = 0; i < 40; ++i)
      if (push.wait_for_silence(Seconds(0.7), Seconds(0.4)) || stands_still(push.error_text()))
        return;
    ADD_FAILURE() << push.error_text();
  }

  /// Seconds from a signal to the end of the process.
  static double seconds_to_end(ChildProcess& push) {
    const auto sent = Clock::now();
    push.wait(Seconds(20));
    return std::chrono::duration<double>(Clock::now() - sent).count();
  }
};

TEST_F(Signal, OnceEndsTheStreamProperly) {
  ChildProcess push(endless({"-f", "asf", url()}));
  wait_for_packets(push);

  push.signal(SIGINT);

  EXPECT_EQ(push.wait(), 255) << push.error_text();
  const auto session = ended_session();
  EXPECT_TRUE(session.end_of_stream);
  EXPECT_EQ(session.end_reason, 0u);
}

TEST_F(Signal, OnceEndsAFifoProperly) {
  ChildProcess push(endless({"-f", "fifo", "-fifo_format", "asf", url()}));
  wait_for_packets(push);

  push.signal(SIGINT);

  EXPECT_EQ(push.wait(), 255) << push.error_text();
  EXPECT_TRUE(ended_session().end_of_stream);
}

TEST_F(Signal, OnceWhileThePeerIsStalledEndsWithinSixSeconds) {
  stall();
  ChildProcess push(fast({"-f", "asf", stalled_url()}));
  wait_for_packets(push);
  wait_until_blocked(push);

  push.signal(SIGINT);

  // Not at once: the peer may only have paused.
  EXPECT_THAT(seconds_to_end(push), testing::AllOf(testing::Gt(1.5), testing::Lt(6)));
  EXPECT_GT(push.wait(), 0) << push.error_text();
}

TEST_F(Signal, OnceWhileThePeerOfAFifoIsStalledEndsWithinSixSeconds) {
  stall();
  ChildProcess push(fast({"-f", "fifo", "-fifo_format", "asf", stalled_url()}));
  wait_for_packets(push);
  wait_until_blocked(push);

  push.signal(SIGINT);

  // Not at once: the peer may only have paused.
  EXPECT_THAT(seconds_to_end(push), testing::AllOf(testing::Gt(1.5), testing::Lt(6)));
  EXPECT_GT(push.wait(), 0) << push.error_text();
}

TEST_F(Signal, OnceWhileTheStalledPeerStillHasRoomEndsWithinSixSeconds) {
  stall();
  ChildProcess push(endless({"-f", "asf", url()}));
  wait_for_packets(push);

  push.signal(SIGINT);

  EXPECT_LT(seconds_to_end(push), 6);
  EXPECT_GT(push.wait(), 0) << push.error_text();
}

TEST_F(Signal, TwiceGivesUpAtOnce) {
  stall();
  ChildProcess push(fast({"-f", "asf", url()}));
  wait_for_packets(push);
  wait_until_blocked(push);

  // Two of the same kind become one while the first is pending; ffmpeg counts both kinds alike.
  push.signal(SIGINT);
  push.signal(SIGTERM);

  EXPECT_LT(seconds_to_end(push), 1.9);
  EXPECT_GT(push.wait(), 0) << push.error_text();
}

TEST_F(Signal, InterruptsConnecting) {
  server->add_fault({.at = pubpoint::At::PushSetup, .what = pubpoint::Do::Silence});
  ChildProcess push(endless({"-f", "asf", url()}));
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 1; }));

  push.signal(SIGINT);

  EXPECT_LT(seconds_to_end(push), 1.9);
  EXPECT_GT(push.wait(), 0) << push.error_text();
}

TEST_F(Signal, TerminateEndsTheStreamProperlyToo) {
  ChildProcess push(endless({"-f", "asf", url()}));
  wait_for_packets(push);

  push.signal(SIGTERM);

  EXPECT_EQ(push.wait(), 255) << push.error_text();
  EXPECT_TRUE(ended_session().end_of_stream);
}

}  // namespace
}  // namespace wmpush::test
