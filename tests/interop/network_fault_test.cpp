// A push over a network that fails: in a network namespace of this program's own, packets are lost
// and connections reset by the kernel's packet filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

#include "interop/network_namespace.hpp"
#include "interop/packet_filter.hpp"
#include "interop/push_test.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string no_network;  ///< why there is no namespace; set before the tests

class NetworkFaultTest : public PushTest {
 protected:
  void SetUp() override {
    if (!no_network.empty()) GTEST_SKIP() << no_network;
    if (const auto package = PacketFilter::missing(); !package.empty())
      GTEST_SKIP() << package << " is not installed";
    options.send_timeout = 400'000;
    options.connect_timeout = 400'000;
    options.response_timeout = 400'000;
  }
  void serve(pubpoint::Settings settings = {}) {
    listen(std::move(settings));
    filter.emplace(point->port());
  }
  /// Pushes packets at the pace of `interval` until one fails or all are out, and calls `between`
  /// with the number of each.
  template <typename Between>
  Result push_packets(PushSink& sink, const NumberedStream& stream, Clock::duration interval,
                      Between between) {
    Result result = sink.Connect(point->url());
    if (succeeded(result)) result = sink.OnHeader(stream.header());
    for (std::uint32_t number = 0; number < stream.packets() && succeeded(result); ++number) {
      between(number);
      result = sink.OnDataUnit(stream.packet(number));
      if (succeeded(result) && interval > 0ms) result = sink.wait_until(Clock::now() + interval);
    }
    message = sink.last_error().message;
    return result;
  }

  std::optional<PacketFilter> filter;
};

TEST_F(NetworkFaultTest, C26_AResetIsTheEndOfThePush) {
  serve();
  PushSink sink(options);
  const auto reset = [&](std::uint32_t number) {
    if (number == 50) filter->reset_clients();
  };
  EXPECT_EQ(push_packets(sink, NumberedStream(1000), 2ms, reset), Result::NS_E_CONNECTION_FAILURE)
      << said();
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE);
}

TEST_F(NetworkFaultTest, C26_AKilledConnectionIsTheEndOfThePush) {
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

class SilentLossTest : public NetworkFaultTest, public ::testing::WithParamInterface<Loss> {};

INSTANTIATE_TEST_SUITE_P(Of, SilentLossTest,
                         ::testing::Values(Loss{"PacketsToTheServer",
                                                &PacketFilter::drop_to_server},
                                           Loss{"AllPackets", &PacketFilter::drop_all}),
                         [](const auto& test) { return test.param.name; });

TEST_P(SilentLossTest, IsNoticedWithinTheSendTimeout) {
  serve();
  PushSink sink(options);
  std::optional<Clock::time_point> lost;
  const auto lose = [&](std::uint32_t number) {
    if (number != 50) return;
    ((*filter).*GetParam().begin)();
    lost = Clock::now();
  };
  const Result result = push_packets(sink, NumberedStream(5000), 5ms, lose);
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
  ((*filter).*GetParam().begin)();
  EXPECT_EQ(sink.EndSession(), Result::NS_E_CONNECTION_FAILURE) << said();
}

TEST_P(SilentLossTest, IsNoConnectionWhereThereWasNone) {
  serve();
  ((*filter).*GetParam().begin)();
  const auto start = Clock::now();
  PushSink sink(options);
  EXPECT_EQ(sink.Connect(point->url()), Result::NS_E_PUSH_CANNOTCONNECT);
  EXPECT_LT(Clock::now() - start, 2s);
}

TEST_F(NetworkFaultTest, AShortLossIsNoneOfThePushsBusiness) {
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

}  // namespace
}  // namespace wmpush::test

int main(int argc, char** argv) {
  wmpush::test::no_network = wmpush::test::enter_network_namespace();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
