// Peers that never stop sending, over real sockets: what ends a session with one, and how soon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

#include "asf/splitter.hpp"
#include "support/clip.hpp"
#include "support/endless_peer.hpp"
#include "support/engine_driver.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::Lt;
using Clock = std::chrono::steady_clock;
using When = EndlessPeer::When;

class FloodTest : public ::testing::TestWithParam<Torrent> {
 protected:
  FloodTest() {
    wmpush_options_init(&options);
    options.response_timeout = 500'000;
    options.end_timeout = 500'000;
  }

  /// Pushes the clip again and again, with a look at the peer where it takes time to send enough.
  Result push(PushSink& sink, const std::string& url) const {
    Result result = sink.Connect(url);
    for (Bytes input = as_bytes(clip()); succeeded(result) && !input.empty();) {
      const Bytes part = input.first(std::min<std::size_t>(3200, input.size()));
      input = input.subspan(part.size());
      result = sink.write(part);
    }
    if (succeeded(result) && !GetParam().slow) result = sink.wait_until(Clock::now() + 20s);
    if (succeeded(result)) result = sink.EndSession();
    return result;
  }
  static double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  wmpush_options options;
};

INSTANTIATE_TEST_SUITE_P(Of, FloodTest, testing::ValuesIn(torrents()),
                         [](const auto& torrent) { return std::string(torrent.param.name); });

TEST_P(FloodTest, InsteadOfASetupEndsByALimitOrTheTimeOfAResponse) {
  EndlessPeer peer(GetParam(), When::InsteadOfSetup);
  const auto start = Clock::now();
  PushSink sink(options);
  EXPECT_EQ(push(sink, peer.url()),
            GetParam().slow ? Result::NS_E_TIMEOUT : Result::NS_E_INCOMPATIBLE_PUSH_SERVER)
      << sink.last_error().message;
  EXPECT_LT(seconds_since(start), 2);
}

TEST_P(FloodTest, InTheMiddleOfAStreamEndsByALimitOrTheTimeOfTheEnd) {
  EndlessPeer peer(GetParam(), When::InTheStream);
  const auto start = Clock::now();
  PushSink sink(options);
  const Result result = push(sink, peer.url());
  // A drip is an answer that never ends: the end of the stream then waits for as long as it may.
  if (GetParam().slow)
    EXPECT_THAT(result, AnyOf(Result::S_OK, Result::NS_E_CONNECTION_FAILURE));
  else
    EXPECT_EQ(result, Result::NS_E_INCOMPATIBLE_PUSH_SERVER) << sink.last_error().message;
  EXPECT_LT(seconds_since(start), 3);
}

TEST_P(FloodTest, DoesNotKeepAnInterruptAway) {
  options.response_timeout = options.end_timeout = 60'000'000;
  for (const When when : {When::InsteadOfSetup, When::InTheStream}) {
    EndlessPeer peer(GetParam(), when);
    options.interrupt = [](void* opaque) {
      return static_cast<const EndlessPeer*>(opaque)->sending() ? 1 : 0;
    };
    options.interrupt_opaque = &peer;
    const auto start = Clock::now();
    PushSink sink(options);
    // A limit may have come before, and so may the acknowledgement of the whole stream.
    EXPECT_THAT(push(sink, peer.url()),
                AnyOf(Result::NS_E_SHUTDOWN, Result::NS_E_INCOMPATIBLE_PUSH_SERVER, Result::S_OK))
        << sink.last_error().message;
    EXPECT_LT(seconds_since(start), 3);
  }
}

TEST_P(FloodTest, IsWaitedForNoLongerThanTheProgramWantsTo) {
  EndlessPeer peer(GetParam(), When::InTheStream);
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(peer.url()), Result::S_OK) << sink.last_error().message;
  static_cast<void>(sink.write(as_bytes(clip()).first(12'000)));
  ASSERT_TRUE(peer.wait_until_sending());
  for (int i = 0; i < 3; ++i) {
    const auto until = Clock::now() + 100ms;
    const Result result = sink.wait_until(until);
    if (GetParam().slow) {
      EXPECT_EQ(result, Result::S_OK) << sink.last_error().message;
      EXPECT_GE(Clock::now(), until);
    }
    EXPECT_LT(Clock::now(), until + 1s);
  }
}

/// The header of the clip and its first three packets.
Bytes beginning_of_the_clip() {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(clip());
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(splitter.next(input, unit));
    size += unit.bytes.size();
  }
  return as_bytes(clip()).first(size);
}

/// Comes once.
class Signal {
 public:
  void set() {
    if (!std::exchange(is_set_, true)) promise_.set_value();
  }
  void wait() const { future_.wait(); }

 private:
  bool is_set_ = false;
  std::promise<void> promise_;
  std::shared_future<void> future_{promise_.get_future()};
};

/// A server that breaks the connection, has lost the session then, and takes its time to set up
/// another one.
class SlowRecovery : public ::testing::Test {
 protected:
  SlowRecovery() {
    wmpush_options_init(&options);
    options.reconnect = 1;
    options.reconnect_delay_max = 10'000;
    options.response_timeout = 60'000'000;
  }

  void serve(RawServer::Connection& connection) {
    if (connection.number() > 3) return;
    connection.read_head();
    if (connection.number() == 1) {
      connection.send(kAccepted);
      connection.read_head();
      written_.wait();  // a call that sends would wait for the new session
      connection.reset();
    } else if (connection.number() == 2) {
      connection.send("HTTP/1.1 404 Not Found\r\nServer: Cougar/9.6\r\nContent-Length: 0\r\n\r\n");
      connection.read_stream();
    } else {
      asked_.set_value();
      answered_.wait();
      connection.send(kAccepted);
      connection.read_head();
      stream_.set_value(connection.read_stream());
    }
  }

  bool asked() const { return was_asked_.wait_for(0s) == std::future_status::ready; }
  void answer() { answered_.set(); }
  std::vector<SentFrame> frames() { return frames_in(stream_.get_future().get()); }

  void wait(PushSink& sink) {
    const auto until = Clock::now() + 50ms;
    EXPECT_EQ(sink.wait_until(until), Result::S_OK) << sink.last_error().message;
    EXPECT_LT(Clock::now(), until + 1s);
  }
  /// A push that waits for the new session, and will have to.
  void lose_session(PushSink& sink) {
    ASSERT_EQ(sink.Connect(server_.url()), Result::S_OK) << sink.last_error().message;
    ASSERT_EQ(sink.write(beginning_of_the_clip()), Result::S_OK);
    written_.set();
    for (int i = 0; i < 100 && !asked(); ++i) wait(sink);
    ASSERT_TRUE(asked());
    for (int i = 0; i < 3; ++i) wait(sink);
    EXPECT_EQ(sink.stats().state, WMPUSH_STATE_RECONNECTING);
  }

  void TearDown() override {
    written_.set();
    answered_.set();
  }

  wmpush_options options;

 private:
  std::promise<void> asked_;
  std::shared_future<void> was_asked_{asked_.get_future()};
  Signal written_;
  Signal answered_;
  std::promise<std::string> stream_;
  RawServer server_{[this](RawServer::Connection& connection) { serve(connection); }};
};

TEST_F(SlowRecovery, C33_WaitingGoesOnInTheNextCallWhereASessionIsNotSetUpInTime) {
  PushSink sink(options);
  ASSERT_NO_FATAL_FAILURE(lose_session(sink));
  answer();
  for (int i = 0; i < 100 && sink.stats().state != WMPUSH_STATE_STREAMING; ++i) wait(sink);
  EXPECT_EQ(sink.stats().state, WMPUSH_STATE_STREAMING);
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
  const auto sent = frames();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.front().id, wmhttp::FrameId::Header);
  EXPECT_EQ(sent.back().id, wmhttp::FrameId::End);
}

TEST_F(SlowRecovery, C33_APacketThatComesWhileASessionIsBeingSetUpWaitsForIt) {
  PushSink sink(options);
  ASSERT_NO_FATAL_FAILURE(lose_session(sink));
  answer();
  EXPECT_EQ(sink.write(as_bytes(clip()).subspan(beginning_of_the_clip().size())), Result::S_OK)
      << sink.last_error().message;
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
  const auto sent = frames();
  ASSERT_FALSE(sent.empty());
  EXPECT_EQ(sent.front().id, wmhttp::FrameId::Header);
  EXPECT_EQ(sent.back().id, wmhttp::FrameId::End);
  EXPECT_GE(sent.size() - 2, sink.stats().packets_sent - 3);  // those that were lost before
}

}  // namespace
}  // namespace wmpush::test
