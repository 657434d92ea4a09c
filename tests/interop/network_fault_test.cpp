// A push over a network that fails: in a network namespace of this program's own, packets are lost
// and connections reset by the kernel's packet filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <random>
#include <thread>

#include "interop/arrangement.hpp"
#include "interop/network_namespace.hpp"
#include "interop/packet_filter.hpp"
#include "interop/push_test.hpp"
#include "support/child_process.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Set before the tests.
std::string no_network;      ///< why there is no namespace
bool ordinary_user = false;  ///< it is one in which this process is root, but nobody else is there

enum class Transport { Plain, Tls };
std::string name_of(Transport transport) { return transport == Transport::Tls ? "Tls" : "Plain"; }

class NetworkFaults : public PushTest {
 protected:
  explicit NetworkFaults(Transport over) : transport(over) {}

  void SetUp() override {
    if (!no_network.empty()) GTEST_SKIP() << no_network;
    if (const auto package = PacketFilter::missing(); !package.empty())
      GTEST_SKIP() << package << " is not installed";
    options.send_timeout = 400'000;
    options.connect_timeout = 400'000;
    options.response_timeout = 400'000;
  }
  void serve(pubpoint::Settings settings = {}) {
    const bool tls = transport == Transport::Tls;
    if (tls) settings.tls = certificates.server();
    listen(std::move(settings));
    filter.emplace(tls ? point->tls_port() : point->port());
  }
  std::string url() const { return transport == Transport::Tls ? point->tls_url() : point->url(); }
  /// Pushes packets at the pace of `interval` until one fails or all are out, and calls `between`
  /// with the number of each.
  template <typename Between>
  Result push_packets(PushSink& sink, const NumberedStream& stream, Clock::duration interval,
                      Between between) {
    Result result = sink.Connect(url());
    if (succeeded(result)) result = sink.OnHeader(stream.header());
    for (std::uint32_t number = 0; number < stream.packets() && succeeded(result); ++number) {
      between(number);
      result = sink.OnDataUnit(stream.packet(number));
      if (succeeded(result) && interval > 0ms) result = sink.wait_until(Clock::now() + interval);
    }
    message = sink.last_error().message;
    return result;
  }

  const Transport transport;
  std::optional<PacketFilter> filter;
};

class NetworkFaultTest : public NetworkFaults, public ::testing::WithParamInterface<Transport> {
 protected:
  NetworkFaultTest() : NetworkFaults(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Over, NetworkFaultTest,
                         ::testing::Values(Transport::Plain, Transport::Tls),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(NetworkFaultTest, C26_AResetIsTheEndOfThePush) {
  serve();
  PushSink sink(options);
  const auto reset = [&](std::uint32_t number) {
    if (number == 50) filter->reset_clients();
  };
  EXPECT_EQ(push_packets(sink, NumberedStream(1000), 2ms, reset), Result::NS_E_CONNECTION_FAILURE)
      << said();
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
}

TEST_P(NetworkFaultTest, C26_AKilledConnectionIsTheEndOfThePush) {
  serve();
  PushSink sink(options);
  const auto reset = [&](std::uint32_t number) {
    if (number == 50) filter->kill_connections();
  };
  EXPECT_EQ(push_packets(sink, NumberedStream(1000), 2ms, reset), Result::NS_E_CONNECTION_FAILURE)
      << said();
}

/// Which packets are lost.
struct Loss {
  const char* name;
  void (PacketFilter::*begin)();
};
void PrintTo(const Loss& loss, std::ostream* out) { *out << loss.name; }

using LossOver = std::tuple<Loss, Transport>;

auto losses() {
  return ::testing::Combine(
      ::testing::Values(Loss{"PacketsToTheServer", &PacketFilter::drop_to_server},
                        Loss{"AllPackets", &PacketFilter::drop_all}),
      ::testing::Values(Transport::Plain, Transport::Tls));
}

std::string name_of(const LossOver& loss) {
  return std::get<Loss>(loss).name + name_of(std::get<Transport>(loss));
}

class SilentLossTest : public NetworkFaults, public ::testing::WithParamInterface<LossOver> {
 protected:
  SilentLossTest() : NetworkFaults(std::get<Transport>(GetParam())) {}
  void lose() { ((*filter).*std::get<Loss>(GetParam()).begin)(); }
};

INSTANTIATE_TEST_SUITE_P(Of, SilentLossTest, losses(),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(SilentLossTest, IsNoticedWithinTheSendTimeout) {
  serve();
  PushSink sink(options);
  std::optional<Clock::time_point> lost;
  const auto lose_one = [&](std::uint32_t number) {
    if (number != 50) return;
    lose();
    lost = Clock::now();
  };
  const Result result = push_packets(sink, NumberedStream(5000), 5ms, lose_one);
  const auto noticed = Clock::now();
  EXPECT_TRUE(result == Result::NS_E_TIMEOUT || result == Result::NS_E_CONNECTION_FAILURE)
      << wmpush_result_name(static_cast<wmpush_result>(result)) << said();
  ASSERT_TRUE(lost);
  EXPECT_LT(noticed - *lost, 2s) << said();
}

TEST_P(SilentLossTest, BehindTheEndOfTheStreamIsAFailure) {
  serve();
  options.end_timeout = 500'000;
  PushSink sink(options);
  const NumberedStream stream(50);
  ASSERT_EQ(push_packets(sink, stream, 0ms, [](std::uint32_t) {}), Result::S_OK) << said();
  lose();
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE) << said();
}

TEST_P(SilentLossTest, IsNoConnectionWhereThereWasNone) {
  serve();
  lose();
  const auto start = Clock::now();
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(url()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_LT(Clock::now() - start, 2s);
}

TEST_P(NetworkFaultTest, AShortLossIsNoneOfThePushsBusiness) {
  serve();
  options.send_timeout = 5'000'000;
  PushSink sink(options);
  const NumberedStream stream(300);
  const auto lose = [&](std::uint32_t number) {
    if (number == 100) filter->drop_all();
    if (number == 150) filter->heal();
  };
  EXPECT_EQ(push_packets(sink, stream, 2ms, lose), Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  expect_delivered(stream);
}

/// The same, and the push goes on (rule C33).
class Recoveries : public NetworkFaults {
 protected:
  using NetworkFaults::NetworkFaults;

  void SetUp() override {
    NetworkFaults::SetUp();
    options.reconnect = 1;
    options.reconnect_delay_max = 20'000;
    options.end_timeout = 10'000'000;
  }

  /// Everything in all recordings, in the order of their sessions.
  Arrivals arrived(const NumberedStream& stream) {
    point->wait_for([&] { return session().end_of_stream && !session().recordings.empty(); }, 5s);
    EXPECT_TRUE(session().end_of_stream) << said();
    point->stop();
    std::vector<std::filesystem::path> recordings;
    for (const auto& each : point->sessions())
      recordings.insert(recordings.end(), each.recordings.begin(), each.recordings.end());
    return arrivals_of(stream, recordings);
  }

  std::mt19937 random{20261123};
  int faults = 0;
};

class RecoveryTest : public Recoveries, public ::testing::WithParamInterface<Transport> {
 protected:
  RecoveryTest() : Recoveries(GetParam()) {}
};

INSTANTIATE_TEST_SUITE_P(Over, RecoveryTest, ::testing::Values(Transport::Plain, Transport::Tls),
                         [](const auto& test) { return name_of(test.param); });

/// The server learns nothing of these, and refuses the client until it has been silent for a while.
TEST_P(RecoveryTest, C33_ResetsLoseNothing) {
  options.reconnect_delay_max = 200'000;
  serve();
  PushSink sink(options);
  const NumberedStream stream(1500);
  std::uniform_int_distribution<std::uint32_t> gap(150, 300);
  std::uniform_int_distribution<> moment(0, 40);
  std::uint32_t next = 100;
  std::jthread healing;
  const auto reset = [&](std::uint32_t number) {
    if (number != next || faults == 5) return;
    next += gap(random);
    filter->reset_clients();
    ++faults;
    healing = std::jthread([&, after = std::chrono::milliseconds(moment(random))] {
      std::this_thread::sleep_for(after);
      filter->heal();
    });
  };
  const Result result = push_packets(sink, stream, 2ms, reset);
  EXPECT_EQ(result, Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  const Arrivals arrivals = arrived(stream);
  EXPECT_TRUE(arrivals.all()) << arrivals;
  EXPECT_EQ(faults, 5);
  EXPECT_GT(sink.stats().reconnects, 0u);
}

TEST_P(RecoveryTest, C33_TwoHundredKilledConnectionsLoseNothing) {
  constexpr int kKills = 200;
  pubpoint::Settings settings;
  settings.idle_timeout = 10min;  // on a slow machine it takes more than one
  serve(settings);
  PushSink sink(options);
  const NumberedStream stream(3000);
  std::bernoulli_distribution now(0.1);
  const auto kill = [&](std::uint32_t number) {
    // Not before the server has the header, and the client knows.
    if (number < 20 || faults == kKills || !now(random)) return;
    filter->kill_connections();
    ++faults;
  };
  EXPECT_EQ(push_packets(sink, stream, 0ms, kill), Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  const Arrivals arrivals = arrived(stream);
  EXPECT_TRUE(arrivals.all()) << arrivals;
  EXPECT_EQ(faults, kKills);
  EXPECT_GE(sink.stats().reconnects, kKills * 9u / 10);  // a kill may find nothing to kill
}

class SilentRecoveryTest : public Recoveries, public ::testing::WithParamInterface<LossOver> {
 protected:
  SilentRecoveryTest() : Recoveries(std::get<Transport>(GetParam())) {}
};

INSTANTIATE_TEST_SUITE_P(Of, SilentRecoveryTest, losses(),
                         [](const auto& test) { return name_of(test.param); });

TEST_P(SilentRecoveryTest, C33_LosesNothingOnceItHasBeenNoticed) {
  serve();
  PushSink sink(options);
  const NumberedStream stream(1000);
  std::jthread healing;
  const auto lose = [&](std::uint32_t number) {
    if (number % 400 != 100) return;
    ((*filter).*std::get<Loss>(GetParam()).begin)();
    healing = std::jthread([&] {
      std::this_thread::sleep_for(1s);  // longer than send_timeout
      filter->heal();
    });
  };
  EXPECT_EQ(push_packets(sink, stream, 2ms, lose), Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  const Arrivals arrivals = arrived(stream);
  EXPECT_TRUE(arrivals.all()) << arrivals;
  EXPECT_GE(sink.stats().reconnects, 3u);
}

/// A receiver whose program stands still for longer than a client waits.
TEST_P(RecoveryTest, C33_APausedReceiverLosesNothing) {
  const std::filesystem::path program =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / "wmpush";
  if (!std::filesystem::exists(program)) GTEST_SKIP() << "the command was not built";
  const std::filesystem::path recordings = folder.path() / "recordings";
  std::vector<std::string> command = {program.string(), "serve",    "--listen",
                                      "127.0.0.1:0",    "--record", recordings.string()};
  const bool tls = transport == Transport::Tls;
  if (tls)
    command.insert(command.end(), {"--tls_listen", "127.0.0.1:0", "--tls_cert",
                                   (folder.path() / "tls.pem").string()});
  ChildProcess receiver(command);
  const std::string scheme = tls ? "wmpushs://" : "wmpush://";
  ASSERT_TRUE(receiver.wait_for_output(scheme)) << receiver.error_text();
  std::string url = receiver.output().substr(receiver.output().find(scheme));
  url.resize(url.find('\n'));

  // More than the buffers of both kernels take.
  const NumberedStream stream(20'000);
  PushSink sink(options);
  std::jthread waking;
  Result result = sink.Connect(url);
  if (succeeded(result)) result = sink.OnHeader(stream.header());
  for (std::uint32_t number = 0; number < stream.packets() && succeeded(result); ++number) {
    if (number == 2000) {
      receiver.signal(SIGSTOP);
      waking = std::jthread([&] {
        std::this_thread::sleep_for(1500ms);
        receiver.signal(SIGCONT);
      });
    }
    result = sink.OnDataUnit(stream.packet(number));
  }
  message = sink.last_error().message;
  EXPECT_EQ(result, Result::S_OK) << said();
  waking.join();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  EXPECT_TRUE(receiver.wait_for_output("end of stream")) << receiver.output();
  receiver.signal(SIGTERM);
  receiver.wait();
  EXPECT_GT(sink.stats().reconnects, 0u);

  std::vector<std::filesystem::path> files;
  const std::string printed = receiver.output();
  constexpr std::string_view kMark = "recorded in ";
  for (std::size_t at = printed.find(kMark); at != std::string::npos;
       at = printed.find(kMark, at)) {
    at += kMark.size();
    files.emplace_back(printed.substr(at, printed.find('\n', at) - at));
  }
  const Arrivals arrivals = arrivals_of(stream, files);
  EXPECT_TRUE(arrivals.all()) << arrivals << "\n" << printed << receiver.error_text();
}

TEST_P(RecoveryTest, C33_AReceiverThatClosesWithDataUnreadLosesNoMoreThanIsReported) {
  serve();
  PushSink sink(options);
  const NumberedStream stream(2000);
  for (int round = 1; round <= 10; ++round)
    point->add_fault(
        {.at = At::Packet, .what = Do::Reset, .packet = static_cast<std::uint64_t>(150 * round)});
  EXPECT_EQ(push_packets(sink, stream, 0ms, [](std::uint32_t) {}), Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  const Arrivals arrivals = arrived(stream);
  EXPECT_TRUE(arrivals.in_order_once()) << arrivals;
  EXPECT_LE(arrivals.missing.size(), sink.stats().packets_at_risk);
  EXPECT_GT(arrivals.missing.size(), 0u) << "nothing was unread";
}

/// What a proxy has taken may not have reached the server when the connection to it breaks.
class ProxyRecoveryTest : public Recoveries, public ::testing::WithParamInterface<Arrangement> {
 protected:
  ProxyRecoveryTest() : Recoveries(GetParam().tls ? Transport::Tls : Transport::Plain) {}
};

INSTANTIATE_TEST_SUITE_P(Through, ProxyRecoveryTest, ::testing::ValuesIn(arrangements()),
                         [](const auto& test) { return test.param.name; });

TEST_P(ProxyRecoveryTest, C33_KilledConnectionsLoseNoMoreThanIsReported) {
  constexpr int kKills = 10;
  if (!GetParam().missing.empty()) GTEST_SKIP() << "no " << GetParam().missing;
  if (ordinary_user) GTEST_SKIP() << "the proxy needs a user to become: run this as root";
  options.send_timeout = options.response_timeout = 3'000'000;
  options.end_timeout = 2'000'000;  // some say nothing at the end
  pubpoint::Settings settings;
  if (GetParam().tls_at_origin()) settings.tls = certificates.server();
  listen(std::move(settings));
  const auto proxy = GetParam().start(folder.path(), point->port());
  const std::string http_proxy = GetParam().http_proxy(*proxy, kProxyPassword);
  if (!http_proxy.empty()) options.http_proxy = http_proxy.c_str();
  filter.emplace(proxy->port());
  PushSink sink(options);
  const NumberedStream stream(2000);
  std::bernoulli_distribution now(0.01);
  Result result = sink.Connect(GetParam().url(*proxy, origin_port(GetParam()), "/live"));
  if (succeeded(result)) result = sink.OnHeader(stream.header());
  for (std::uint32_t number = 0; number < stream.packets() && succeeded(result); ++number) {
    if (number >= 100 && faults < kKills && now(random)) {
      filter->kill_connections();
      ++faults;
    }
    result = sink.OnDataUnit(stream.packet(number));
    if (succeeded(result)) result = sink.wait_until(Clock::now() + 1ms);
  }
  message = sink.last_error().message;
  EXPECT_EQ(result, Result::S_OK) << said();
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << said();
  const Arrivals arrivals = arrived(stream);
  EXPECT_TRUE(arrivals.in_order_once()) << arrivals;
  EXPECT_LE(arrivals.missing.size(), sink.stats().packets_at_risk);
  EXPECT_GT(faults, 0);
}

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  wmpush::test::ordinary_user = geteuid() != 0;
  wmpush::test::no_network = wmpush::test::enter_network_namespace();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
