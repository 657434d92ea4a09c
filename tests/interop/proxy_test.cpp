// Pushes through real proxies, all of them with the same demands: everything arrives, once and in
// order, with the end; and what the server says reaches the user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/arrangement.hpp"
#include "interop/push_test.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;

class ProxyTest : public PushTest, public ::testing::WithParamInterface<Arrangement> {
 protected:
  void SetUp() override {
    if (!GetParam().missing.empty()) GTEST_SKIP() << GetParam().missing << " is not installed";
    options.end_timeout = 1'000'000;  // some say nothing at the end
  }
  /// The proxy, and behind it a publishing point.
  void serve(pubpoint::Settings settings = {}) {
    listen(std::move(settings));
    proxy = GetParam().start(folder.path(), point->port());
  }
  std::string url(const std::string& path = "/live") const {
    return "wmpush://127.0.0.1:" + std::to_string(proxy->port()) + path;
  }
  Result push(const NumberedStream& stream) { return PushTest::push(url(), stream.asf()); }
  std::string said() const { return PushTest::said() + proxy->log(); }

  std::unique_ptr<Proxy> proxy;
};

INSTANTIATE_TEST_SUITE_P(Through, ProxyTest, ::testing::ValuesIn(arrangements()),
                         [](const auto& test) { return test.param.name; });

TEST_P(ProxyTest, DeliversAPushWithItsEnd) {
  serve();
  const NumberedStream stream(300);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
}

TEST_P(ProxyTest, C27_RollsOverTwoHundredTimes) {
  constexpr std::uint32_t kTimes = 200;
  constexpr std::uint32_t kLength = 70'000;
  constexpr std::uint32_t kPacket = 3200;
  serve();
  options.content_length = kLength;
  const NumberedStream stream((kTimes + 1) * kLength / (kPacket - 150), kPacket);
  EXPECT_EQ(push(stream), Result::S_OK) << said();
  expect_delivered(stream);
  EXPECT_GT(point->sessions().back().push_starts, kTimes);
}

}  // namespace
}  // namespace wmpush::test
