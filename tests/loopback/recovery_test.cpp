// A push whose connection breaks, over real sockets: rule C33 as the publishing point sees it.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "pubpoint/server.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"
#include "support/log_lines.hpp"
#include "support/sent_packets.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using pubpoint::Settings;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Resets nothing, but ends both directions of the connection that this process has to `port`: it
/// breaks under the feet of the library, as by a cable that is pulled. `how` is for shutdown(2).
bool break_connection(std::uint16_t port, int how) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int descriptor = std::stoi(entry.path().filename());
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
        peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
      continue;
    return ::shutdown(descriptor, how) == 0;
  }
  return false;
}

enum class Transport { Plain, Tls };

class RecoveryTest : public ::testing::TestWithParam<Transport> {
 protected:
  void SetUp() override {
    settings.record = folder.path();
    if (GetParam() == Transport::Tls) settings.tls = certificates.server();
    server = std::make_unique<FaultyServer>(settings);
    wmpush_options_init(&options);
    options.reconnect = 1;
    options.reconnect_delay_max = 10'000;
    options.end_timeout = 20'000'000;
    keep_log(options, lines);
    options.ca_file = authority.c_str();
  }

  std::string url() const {
    return GetParam() == Transport::Tls ? server->tls_url() : server->url();
  }
  std::uint16_t port() const {
    return GetParam() == Transport::Tls ? server->tls_port() : server->port();
  }

  /// Pushes in pieces of some packets; `between` is asked after each.
  Result push(
      const std::string& asf, const std::function<void()>& between = [] {}) {
    sink = PushSink(options);
    if (failed(sink.Connect(url()))) return sink.last_error().result;
    Bytes input = as_bytes(asf);
    while (!input.empty()) {
      const Bytes part = input.first(std::min<std::size_t>(3000, input.size()));
      input = input.subspan(part.size());
      const Result result = sink.write(part);
      if (failed(result)) return result;
      between();
    }
    return sink.EndSession();
  }

  /// What the recordings have, in the order of the sessions.
  std::vector<std::string> received() {
    EXPECT_TRUE(server->wait_for([&] {
      const auto sessions = server->sessions();
      return std::none_of(sessions.begin(), sessions.end(),
                          [](const auto& each) { return each.running; });
    }));
    std::vector<std::string> packets;
    for (const auto& session : server->sessions())
      for (std::string& packet : packets_in(read_file(session.recording)))
        packets.push_back(std::move(packet));
    return packets;
  }

  /// How many of `sent` are missing in `got`; fails when the order is another, or one comes twice.
  static std::size_t missing(const std::vector<std::string>& sent,
                             const std::vector<std::string>& got) {
    std::size_t at = 0;
    for (const std::string& packet : got) {
      while (at < sent.size() && sent[at] != packet) ++at;
      if (at == sent.size()) {
        ADD_FAILURE() << "a packet came twice, or out of order";
        return sent.size();
      }
      ++at;
    }
    return sent.size() - got.size();
  }

  Certificates certificates;
  const std::string authority = certificates.authority().string();
  TemporaryDirectory folder;
  Settings settings;
  std::unique_ptr<FaultyServer> server;
  wmpush_options options{};
  std::string lines;
  PushSink sink;
};

INSTANTIATE_TEST_SUITE_P(Over, RecoveryTest, testing::Values(Transport::Plain, Transport::Tls),
                         [](const auto& each) {
                           return each.param == Transport::Tls ? "Tls" : "Plain";
                         });

const std::string& long_clip() { return clip("-packet_size 400 -f asf"); }

TEST_P(RecoveryTest, C33_TwoHundredBreaksAtRandomPointsLoseNothingAndRepeatNothing) {
  std::mt19937 random(4711);
  const std::vector<std::string> packets = packets_in(long_clip());
  // A server of TLS may be sending its session tickets: to a socket that reads no more that is a
  // reset, after which nobody knows what has arrived.
  const int how = GetParam() == Transport::Tls ? SHUT_WR : SHUT_RDWR;
  std::size_t breaks = 0;
  std::size_t expected = 0;
  settings.idle_timeout = std::chrono::minutes(10);
  options.resume = "always";  // no server of this kind drops connections that often
  server.reset();
  while (breaks < 200) {
    server = std::make_unique<FaultyServer>(settings);
    std::size_t here = 0;
    ASSERT_EQ(push(long_clip(),
                   [&] {
                     if (std::uniform_int_distribution<>(0, 3)(random) == 0 &&
                         break_connection(port(), how))
                       ++here;
                   }),
              Result::S_OK)
        << sink.last_error().message << "\n"
        << lines;
    ASSERT_GT(here, 0u);
    breaks += here;
    EXPECT_EQ(missing(packets, received()), 0u);
    expected = sink.stats().packets_sent;
    EXPECT_EQ(expected, packets.size());
    EXPECT_EQ(server->sessions().size(), 1u);
    EXPECT_EQ(server->sessions().back().packets_repeated, 0u);
    EXPECT_TRUE(server->sessions().back().end_of_stream);
    EXPECT_EQ(sink.stats().reconnects, here);
    EXPECT_THAT(server->breaches(), IsEmpty());
  }
}

TEST_P(RecoveryTest, C33_AReceiverThatClosesWithDataUnreadLosesNoMoreThanIsReported) {
  std::mt19937 random(42);
  const std::vector<std::string> packets = packets_in(long_clip());
  std::size_t lost_in_all = 0;
  for (int round = 0; round < 10; ++round) {
    server = std::make_unique<FaultyServer>(settings);
    std::uint64_t packet = 0;
    for (int i = 0; i < 6; ++i) {
      packet += std::uniform_int_distribution<std::uint64_t>(5, 25)(random);
      server->add_fault({.at = At::Packet, .what = Do::Reset, .packet = packet});
    }
    ASSERT_EQ(push(long_clip()), Result::S_OK) << sink.last_error().message << "\n" << lines;
    const wmpush_stats stats = sink.stats();
    EXPECT_GE(stats.reconnects, 1u);
    const std::size_t lost = missing(packets, received());
    EXPECT_LE(lost, stats.packets_at_risk);
    lost_in_all += lost;
    EXPECT_EQ(stats.packets_sent, packets.size());
  }
  EXPECT_GT(lost_in_all, 0u);  // or it was not what this test is about
}

TEST_P(RecoveryTest, C33_AStalledReceiverIsLeftAndEverythingThatItHasTakenIsKept) {
  settings.receive_buffer = 4096;
  options.send_timeout = 300'000;
  server = std::make_unique<FaultyServer>(settings);
  server->add_fault({.at = At::Packet, .what = Do::Stall, .packet = 20});
  const std::string& asf = clip("-b:v 3M -packet_size 1400 -f asf");
  ASSERT_EQ(push(asf), Result::S_OK) << sink.last_error().message << "\n" << lines;
  EXPECT_EQ(missing(packets_in(asf), received()), 0u);
  EXPECT_GE(sink.stats().reconnects, 1u);
  EXPECT_THAT(lines, HasSubstr("streaming again"));
}

TEST_P(RecoveryTest, C33_AServerThatWasStartedAnewGetsTheStreamWithItsHeader) {
  const std::uint16_t old_port = port();
  int pieces = 0;
  std::vector<std::string> before;
  const std::vector<std::string> packets = packets_in(long_clip());
  ASSERT_EQ(push(long_clip(),
                 [&] {
                   if (++pieces != 10) return;
                   server->wait_for([&] {
                     return server->sessions().back().packets == sink.stats().packets_sent;
                   });
                   server->stop();
                   before = received();
                   server.reset();
                   (GetParam() == Transport::Tls ? settings.tls_port : settings.port) = old_port;
                   server = std::make_unique<FaultyServer>(settings);
                 }),
            Result::S_OK)
      << sink.last_error().message << "\n"
      << lines;
  std::vector<std::string> all = before;
  for (std::string& packet : received()) all.push_back(std::move(packet));
  EXPECT_GT(before.size(), 0u);
  EXPECT_LE(missing(packets, all), sink.stats().packets_at_risk);
  EXPECT_EQ(server->sessions().size(), 1u);
  EXPECT_THAT(lines, HasSubstr("in a new session"));
}

TEST_P(RecoveryTest, C33_AServerThatStaysAwayEndsThePushAfterTheTriesThatWereAllowed) {
  options.reconnect_max_retries = 3;
  int pieces = 0;
  EXPECT_EQ(push(long_clip(),
                 [&] {
                   if (++pieces == 10) server->stop();
                 }),
            Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_THAT(sink.last_error().message, HasSubstr("given up after 3 attempts"));
  EXPECT_EQ(sink.stats().state, WMPUSH_STATE_FAILED);
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
}

TEST_P(RecoveryTest, C33_TheEndIsWaitedForNoLongerThanItsTimeoutAndTheStateSaysWhatIsGoingOn) {
  options.reconnect_delay_max = 20'000'000;
  options.end_timeout = 300'000;
  sink = PushSink(options);
  ASSERT_EQ(sink.Connect(url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(long_clip())), Result::S_OK);
  EXPECT_EQ(sink.stats().state, WMPUSH_STATE_STREAMING);
  server->stop();
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  EXPECT_EQ(sink.wait_until(until), Result::S_OK);
  EXPECT_LT(std::chrono::steady_clock::now() - until, std::chrono::seconds(2));
  EXPECT_EQ(sink.stats().state, WMPUSH_STATE_RECONNECTING);
  EXPECT_EQ(sink.stats().connected, 0);
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(3));
  EXPECT_EQ(sink.EndSession(), Result::NS_E_NOCONNECTION);
}

TEST_P(RecoveryTest, C33_AnInterruptEndsTheWaitForTheNextTry) {
  options.reconnect_delay_max = 20'000'000;
  options.interrupt_opaque = &sink;
  options.interrupt = [](void* to) {
    return static_cast<PushSink*>(to)->stats().state == WMPUSH_STATE_RECONNECTING ? 1 : 0;
  };
  int pieces = 0;
  EXPECT_EQ(push(long_clip(),
                 [&] {
                   if (++pieces == 10) server->stop();
                 }),
            Result::NS_E_SHUTDOWN);
}

TEST_P(RecoveryTest, C22_C33_APasswordThatIsRefusedAfterALossIsNotTriedAgain) {
  settings.authentication.user = "ali";
  settings.authentication.password = "old password";
  settings.authentication.schemes = {"Basic"};
  options.user = "ali";
  options.password = "old password";
  server = std::make_unique<FaultyServer>(settings);
  const std::uint16_t old_port = port();
  int pieces = 0;
  EXPECT_TRUE(failed(push(long_clip(), [&] {
    if (++pieces != 10) return;
    server.reset();
    (GetParam() == Transport::Tls ? settings.tls_port : settings.port) = old_port;
    settings.authentication.password = "new password";
    server = std::make_unique<FaultyServer>(settings);
  })));
  EXPECT_EQ(sink.last_error().http_status, 401);
  EXPECT_LE(server->attempts().size(), 1u);
  EXPECT_THAT(lines, Not(HasSubstr("password ")));
}

TEST_P(RecoveryTest, C33_WithoutReconnectTheFirstBreakIsTheEnd) {
  options.reconnect = 0;
  server->add_fault({.at = At::Packet, .what = Do::Reset, .packet = 20});
  EXPECT_EQ(push(long_clip()), Result::NS_E_CONNECTION_FAILURE);
  EXPECT_EQ(sink.stats().packets_at_risk, 0u);
}

}  // namespace
}  // namespace wmpush::test
