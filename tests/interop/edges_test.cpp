// More than one machine: an origin, two edges, and HAProxy in front of these.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <regex>
#include <thread>

#include "interop/crowd.hpp"
#include "interop/daemon.hpp"
#include "interop/haproxy.hpp"
#include "interop/program.hpp"
#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;

/// An encoder that pushes 50 packets a second, with a key frame in every tenth.
class Encoder {
 public:
  explicit Encoder(const std::string& url) {
    EXPECT_EQ(sink_.Connect(url), Result::S_OK);
    EXPECT_EQ(sink_.OnHeader(video_header(kPacket)), Result::S_OK);
    thread_ = std::thread([this] { run(); });
  }
  /// Goes away without a word, as when it is killed.
  ~Encoder() {
    stopping_ = true;
    thread_.join();
    EXPECT_EQ(sink_.Disconnect(), Result::S_OK);
  }

 private:
  static constexpr std::size_t kPacket = 600;
  static constexpr auto kPeriod = 20ms;

  void run() {
    auto at = std::chrono::steady_clock::now();
    for (std::uint32_t number = 0; !stopping_; ++number) {
      PacketSpec spec;
      spec.packet_size = kPacket;
      spec.send_time = number * 20;
      spec.payloads = {{1, number % 10 == 0, static_cast<std::uint8_t>(number), 0, 400,
                        3100 + number * 20, 400}};
      EXPECT_EQ(sink_.OnDataUnit(make_packet(spec)), Result::S_OK);
      std::this_thread::sleep_until(at += kPeriod);  // as an encoder in real time
    }
  }

  PushSink sink_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

/// `wmpush serve` as an edge, in a process that can be killed.
std::unique_ptr<ChildProcess> edge_of(std::uint16_t origin, std::uint16_t port) {
  return std::make_unique<ChildProcess>(std::vector<std::string>{
      WMPUSH_PROGRAM, "serve", "--listen", "127.0.0.1:" + std::to_string(port), "--origin",
      "http://127.0.0.1:" + std::to_string(origin) + "/live"});
}

/// The file that we give to people, with the places of this test in it.
std::string haproxy_config(std::uint16_t port, std::uint16_t edge1, std::uint16_t edge2) {
  std::string config = read_file(HAPROXY_EXAMPLE);
  const auto put = [&](const std::string& there, const std::string& here) {
    const std::size_t at = config.find(there);
    ASSERT_NE(at, config.npos) << there;
    config.replace(at, there.size(), here);
  };
  const auto local = [](std::uint16_t number) { return "127.0.0.1:" + std::to_string(number); };
  put("bind *:8080", "bind " + local(port));
  put("192.0.2.11:8080", local(edge1));
  put("192.0.2.12:8080", local(edge2));
  return config;
}

TEST(Edges, TwoHundredViewersOfTwoEdgesOutliveOneOfThemAndTheEncoder) {
  if (!Haproxy::missing().empty()) GTEST_SKIP() << "no " << Haproxy::missing();
  pubpoint::Settings settings;
  settings.takeover = pubpoint::Takeover::Newer;  // an encoder that is started again is let in
  pubpoint::Server origin{settings};
  const std::uint16_t ports[] = {free_port(), free_port(), free_port()};
  auto edge1 = edge_of(origin.port(), ports[1]);
  auto edge2 = edge_of(origin.port(), ports[2]);
  ASSERT_TRUE(edge1->wait_for_output("\n") && edge2->wait_for_output("\n"));
  const TemporaryDirectory folder;
  write_file(folder.path() / "haproxy.cfg", haproxy_config(ports[0], ports[1], ports[2]));
  const Daemon haproxy(
      {find_program("haproxy").string(), "-db", "-f", (folder.path() / "haproxy.cfg").string()});
  ASSERT_TRUE(haproxy.listens(ports[0])) << haproxy.said();

  auto encoder = std::make_unique<Encoder>(origin.url());
  const Crowd crowd(200, ports[0], "/live");
  ASSERT_TRUE(crowd.all_get_something({}, 20s)) << crowd.refused();
  EXPECT_EQ(origin.viewers().size(), 2u) << "one pull for each edge";

  // An edge is killed: who watched there asks again, and comes to the other one.
  const std::uint64_t asked_before = crowd.asked_again();
  edge1->signal(SIGKILL);
  edge1->wait();
  ASSERT_TRUE(crowd.all_get_something(Crowd::Clock::now(), 20s)) << crowd.refused();
  EXPECT_GE(crowd.asked_again() - asked_before, 50u) << "about half of them were there";
  EXPECT_EQ(crowd.refused(), 0u);
  EXPECT_LT(crowd.longest_gap(), 5s);
  RecordProperty("gap_after_an_edge_died_ms", static_cast<int>(crowd.longest_gap().count()));

  // The encoder is started again: nobody drops.
  const std::uint64_t asked = crowd.asked_again();
  encoder.reset();
  encoder = std::make_unique<Encoder>(origin.url());
  ASSERT_TRUE(crowd.all_get_something(Crowd::Clock::now(), 20s));
  EXPECT_EQ(crowd.asked_again(), asked);
}

}  // namespace
}  // namespace wmpush::test
