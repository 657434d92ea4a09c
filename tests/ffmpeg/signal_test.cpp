// Ctrl-C.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

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
    server->add_fault({.at = At::Packet, .what = Do::Stall, .packet = 2});
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
  server->add_fault({.at = At::PushSetup, .what = Do::Silence});
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

/// ffmpeg whose standard error is a pipe that nobody reads.
class Unread {
 public:
  /// The pipe has room for `room` bytes.
  Unread(const Arguments& command, std::size_t room) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::system_category(), "pipe");
    reader_ = ends[0];
    // One page: a write goes behind what is there only where all of it fits.
    const int size = fcntl(ends[1], F_SETPIPE_SZ, 4096);
    const std::string filling(static_cast<std::size_t>(size) - room, '.');
    filled_ = static_cast<int>(write(ends[1], filling.data(), filling.size()));
    std::vector<char*> arguments;
    for (const std::string& argument : command)
      arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    const int failure =
        posix_spawnp(&id_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (failure != 0) throw std::system_error(failure, std::system_category(), command[0]);
  }
  ~Unread() {
    if (id_ > 0) wait(Seconds(0));
    close(reader_);
  }
  Unread(const Unread&) = delete;
  Unread& operator=(const Unread&) = delete;

  /// Whether it has begun to print.
  bool wait_for_output() const {
    return wait_until([&] {
      int count = 0;
      return ioctl(reader_, FIONREAD, &count) == 0 && count > filled_;
    });
  }
  /// Sends the signal, and waits until a thread of it has taken it.
  bool signal(int number) const {
    kill(id_, number);
    const std::string file = "/proc/" + std::to_string(id_) + "/status";
    return wait_until([&] {
      const std::string status = read_file(file);
      const std::size_t pending = status.find("ShdPnd:");
      return pending == status.npos ||
             (std::stoull(status.substr(pending + 7), nullptr, 16) >> (number - 1) & 1) == 0;
    });
  }
  /// Its exit status, or minus the signal that ended it; it is killed when `limit` has passed.
  int wait(Seconds limit) {
    siginfo_t info{};
    const auto ended = [&] {
      return waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
             info.si_pid == id_;
    };
    if (!wait_until(ended, limit)) kill(id_, SIGKILL);
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  template <typename Condition>
  static bool wait_until(Condition condition, Seconds limit = Seconds(10)) {
    const auto until = Clock::now() + limit;
    while (!condition()) {
      if (Clock::now() >= until) return false;
      poll(nullptr, 0, 1);
    }
    return true;
  }

  pid_t id_ = -1;
  int reader_ = -1;
  int filled_ = 0;
};

TEST_F(Signal, FourTimesEndsItWhileALogCallHoldsItsLock) {
  // The line about the point that is not there blocks in the pipe; ffmpeg's own 43 bytes about the
  // fourth signal still fit.
  constexpr std::size_t kRoom = 100;
  Unread push(ffmpeg_wmpush({"-v", "error", "-i", media("input.asf"), "-map", "0:1", "-c", "copy",
                             "-f", "asf", url("/" + std::string(300, 'x'))}),
              kRoom);
  ASSERT_TRUE(push.wait_for_output());
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(push.signal(SIGINT));
  EXPECT_EQ(push.wait(Seconds(10)), 123) << "stock ffmpeg's status of a hard exit";
}

}  // namespace
}  // namespace wmpush::test
