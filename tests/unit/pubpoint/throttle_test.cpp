// Wrong passwords are answered late, and lines that anybody can cause are held back.
#include "pubpoint/access/throttle.hpp"

#include <gtest/gtest.h>

#include "pubpoint/access/log_limiter.hpp"

namespace wmpush::test {
namespace {

using namespace pubpoint;
using namespace std::chrono_literals;

const Clock::time_point kStart{std::chrono::hours(1)};

TEST(Throttle, DoublesTheDelayFromTheSecondWrongPasswordOn) {
  Throttle throttle;
  for (const auto delay : {0ms, 250ms, 500ms, 1000ms, 2000ms, 4000ms, 5000ms, 5000ms})
    EXPECT_EQ(throttle.failed("192.0.2.1", kStart), delay);
  EXPECT_EQ(throttle.failed("192.0.2.2", kStart), 0ms);
}

TEST(Throttle, ForgetsAfterAMinuteWithoutAWrongOne) {
  Throttle throttle;
  throttle.failed("192.0.2.1", kStart);
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart + 59s), 250ms);
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart + 118s), 500ms);
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart + 178s), 0ms);
}

TEST(Throttle, ForgetsAtARightPassword) {
  Throttle throttle;
  throttle.failed("192.0.2.1", kStart);
  throttle.failed("192.0.2.1", kStart);
  throttle.succeeded("192.0.2.1");
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart), 0ms);
}

TEST(Throttle, TakesANetworkOfIpv6ForOneAddress) {
  Throttle throttle;
  throttle.failed("2001:db8::1", kStart);
  EXPECT_EQ(throttle.failed("2001:db8::2", kStart), 250ms);
  throttle.failed("::ffff:192.0.2.1", kStart);
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart), 250ms);
}

TEST(Throttle, RemembersSoManyAddressesAndNoMore) {
  Throttle throttle({.addresses = 3});
  throttle.failed("192.0.2.1", kStart);
  for (int i = 2; i < 100; ++i) {
    throttle.failed("192.0.2." + std::to_string(i), kStart);
    throttle.failed("192.0.2.1", kStart);
    EXPECT_LE(throttle.size(), 3u);
  }
  EXPECT_EQ(throttle.failed("192.0.2.1", kStart), 5000ms);
  EXPECT_EQ(throttle.failed("192.0.2.2", kStart), 0ms);
}

TEST(LogLimiter, LetsOneLineThroughInASecondAndCountsTheOthers) {
  LogLimiter limiter;
  EXPECT_EQ(limiter.pass("a", kStart), 0u);
  for (int i = 0; i < 17; ++i) EXPECT_EQ(limiter.pass("a", kStart + 999ms), std::nullopt);
  EXPECT_EQ(limiter.pass("b", kStart), 0u);
  EXPECT_EQ(limiter.pass("a", kStart + 1s), 17u);
  EXPECT_EQ(limiter.pass("a", kStart + 2s), 0u);
  EXPECT_EQ(and_more(17), " and 17 more");
  EXPECT_EQ(and_more(0), "");
}

TEST(LogLimiter, RemembersSoManyKeysAndNoMore) {
  LogLimiter limiter(1s, 2);
  EXPECT_EQ(limiter.pass("a", kStart), 0u);
  EXPECT_EQ(limiter.pass("b", kStart), 0u);
  EXPECT_EQ(limiter.pass("c", kStart), 0u);
  EXPECT_EQ(limiter.pass("c", kStart), std::nullopt);
  EXPECT_EQ(limiter.pass("a", kStart), 0u);
}

}  // namespace
}  // namespace wmpush::test
