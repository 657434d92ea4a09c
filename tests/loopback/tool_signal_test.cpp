// Ctrl-C in every state of a push.
#include <csignal>

#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

class ToolSignal : public ToolTest {
 protected:
  /// Whether the push that is the `number`-th one has begun to deliver.
  bool packets_arrived(std::size_t number = 1) {
    return server.wait_for([&] {
      const auto sessions = server.sessions();
      return sessions.size() == number && sessions.back().packets > 3;
    });
  }
  double seconds_since(Clock::time_point start) const {
    return Seconds(Clock::now() - start).count();
  }

  Fifo fifo{file("fifo")};
};

TEST_F(ToolSignal, OneEndsThePushProperly) {
  std::size_t number = 0;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ChildProcess push(wmpush_reading(file("fifo"), {"send", "-", server.url(), "--json"}));
    ASSERT_TRUE(fifo.write(clip().substr(0, 40'000)));
    ASSERT_TRUE(packets_arrived(++number));
    push.signal(signal);
    EXPECT_EQ(push.wait(), 0) << push.error_text();
    EXPECT_THAT(push.output(), HasSubstr("\"stopped\": true"));
    EXPECT_TRUE(last_session().end_of_stream);
    EXPECT_EQ(last_session().end_reason, 0u);
    EXPECT_EQ(breaches(), "");
    // What the first push left in the pipe belongs to nobody.
    fifo.drain();
  }
}

TEST_F(ToolSignal, AHangUpIsNoneOfThePushsBusinessUnderNohup) {
  Words words = wmpush_reading(file("fifo"), {"send", "-", server.url()});
  words.insert(words.begin(), "nohup");
  ChildProcess push(words);
  ASSERT_TRUE(fifo.write(clip().substr(0, 40'000)));
  ASSERT_TRUE(packets_arrived());
  push.signal(SIGHUP);
  ASSERT_TRUE(fifo.write(clip().substr(40'000)));
  fifo.close();
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  EXPECT_EQ(last_session().packets, packets_in(clip()));
}

TEST_F(ToolSignal, OneEndsThePushOfAFileBetweenTwoPackets) {
  const auto film = write_file("clip.asf", clip());
  ChildProcess push(wmpush({"send", film.string(), server.url()}));
  ASSERT_TRUE(packets_arrived());
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  EXPECT_TRUE(last_session().end_of_stream);
  EXPECT_LT(last_session().packets, packets_in(clip()));
}

TEST_F(ToolSignal, OneIsAFailureWhenTheEndWasNotTaken) {
  add_fault(At::End, Do::Reset);
  ChildProcess push(wmpush_reading(file("fifo"), {"send", "-", server.url()}));
  ASSERT_TRUE(fifo.write(clip().substr(0, 40'000)));
  ASSERT_TRUE(packets_arrived());
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 1);
  EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_CONNECTION_FAILURE (0xC00D0029)"));
}

TEST_F(ToolSignal, OneIsEnoughWhileThePeerIsStalled) {
  add_fault(At::PushStart, Do::Stall);
  ChildProcess push(wmpush_reading(
      file("fifo"),
      {"send", "-", server.url(), "--fast", "--send_timeout", "1:00", "--end_timeout", "60"}));
  ASSERT_TRUE(fifo.write_until_stalled(long_stream(60'000'000)));
  const auto start = Clock::now();
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 1);
  EXPECT_LT(seconds_since(start), 6);
  EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_SHUTDOWN (0xC00D002A)"));
}

TEST_F(ToolSignal, TwoGiveUpAtOnce) {
  add_fault(At::PushStart, Do::Stall);
  ChildProcess push(wmpush_reading(file("fifo"), {"send", "-", server.url(), "--fast"}));
  ASSERT_TRUE(fifo.write_until_stalled(long_stream(60'000'000)));
  const auto start = Clock::now();
  push.signal(SIGINT);
  // A second signal of the same kind that comes before the first was delivered is lost.
  push.signal(SIGTERM);
  EXPECT_EQ(push.wait(), 1);
  EXPECT_LT(seconds_since(start), 2);
  EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_SHUTDOWN (0xC00D002A)"));
}

TEST_F(ToolSignal, OneInterruptsConnecting) {
  add_fault(At::Connect, Do::Stall);
  for (const Words& command :
       {wmpush_reading(file("fifo"), {"send", "-", server.url(), "--response_timeout", "60"}),
        wmpush({"probe", server.url(), "--response_timeout", "60"})}) {
    const std::uint64_t before = server.connections();
    add_fault(At::Connect, Do::Stall);
    ChildProcess push(command);
    ASSERT_TRUE(server.wait_for([&] { return server.connections() > before; }));
    const auto start = Clock::now();
    push.signal(SIGINT);
    EXPECT_EQ(push.wait(), 1);
    EXPECT_LT(seconds_since(start), 2);
    EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_SHUTDOWN (0xC00D002A)"));
  }
}

TEST_F(ToolSignal, OneBeforeTheHeaderCameIsAFailure) {
  ChildProcess push(wmpush_reading(file("fifo"), {"send", "-", server.url()}));
  ASSERT_TRUE(server.wait_for([&] { return server.requests() > 0; }));
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 1);
  EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_SHUTDOWN (0xC00D002A)"));
}

}  // namespace
}  // namespace wmpush::test
