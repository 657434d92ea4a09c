// A live source that cannot wait, and a network that is too slow for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "asf/data_packet.hpp"
#include "support/asf_builder.hpp"
#include "support/engine_driver.hpp"
#include "support/faulty_server.hpp"
#include "support/log_lines.hpp"
#include "support/raw_server.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kPacketSize = 3200;
constexpr std::uint32_t kKeyFrameDistance = 20;

std::vector<std::byte> header() { return video_header(kPacketSize); }

/// Each is a whole picture, with its number as the number of its media object and its time.
std::vector<std::byte> packet(std::uint32_t number) {
  PacketSpec spec;
  spec.packet_size = kPacketSize;
  spec.send_time = number;
  spec.payloads = {{1, number % kKeyFrameDistance == 0, static_cast<std::uint8_t>(number), 0, 3000,
                    number, 3000}};
  return make_packet(spec);
}

std::uint32_t number_of(std::string_view payload) {
  asf::DataPacket head;
  EXPECT_TRUE(asf::DataPacket::parse(as_bytes(payload), head));
  return head.send_time;
}

class CongestionOnTheWire : public testing::Test {
 protected:
  void SetUp() override {
    wmpush_options_init(&options);
    options.congestion = "drop";
    options.queue_size = 200'000;
    options.end_timeout = 20'000'000;
    keep_log(options, lines);
  }

  /// Pushes a packet; the longest call is remembered.
  Result push_one(PushSink& sink, std::uint32_t number) {
    const auto start = Clock::now();
    const Result result = sink.OnDataUnit(packet(number));
    longest = std::max(longest, Clock::now() - start);
    return result;
  }

  wmpush_options options;
  std::string lines;
  Clock::duration longest{0};
};

TEST_F(CongestionOnTheWire, AReceiverThatStopsForAWhileHoldsNobodyUpAndGetsWholePicturesOnly) {
  std::promise<void> go_on;
  const std::shared_future<void> wait = go_on.get_future().share();
  std::promise<std::string> received;
  RawServer server([&, wait](RawServer::Connection& connection) {
    connection.read_head();
    connection.send(kAccepted);
    connection.read_head();
    wait.wait();
    received.set_value(connection.read_stream());
  });
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(header()), Result::S_OK);
  // More than the systems of both sides hold.
  std::uint32_t number = 0;
  while (sink.stats().packets_dropped < 100) ASSERT_EQ(push_one(sink, number++), Result::S_OK);
  EXPECT_THAT(lines, HasSubstr("the network is too slow"));
  go_on.set_value();
  const std::uint64_t dropped = sink.stats().packets_dropped;
  while (lines.find("caught up") == lines.npos && number < 1'000'000)
    ASSERT_EQ(push_one(sink, number++), Result::S_OK);
  EXPECT_GE(sink.stats().packets_dropped, dropped);
  for (int i = 0; i < 100; ++i) ASSERT_EQ(push_one(sink, number++), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
  // A busy machine may take its time, but a receiver that does not read would take for ever.
  EXPECT_LT(longest, std::chrono::seconds(1));

  const auto frames = frames_in(received.get_future().get());
  std::vector<std::uint32_t> numbers;
  for (const SentFrame& frame : frames)
    if (frame.id == wmhttp::FrameId::Data) numbers.push_back(number_of(frame.payload));
  EXPECT_EQ(numbers.size() + sink.stats().packets_dropped, number);
  for (std::size_t i = 1; i < numbers.size(); ++i)
    EXPECT_TRUE(numbers[i] == numbers[i - 1] + 1 || numbers[i] % kKeyFrameDistance == 0)
        << numbers[i] << " behind " << numbers[i - 1];
}

TEST_F(CongestionOnTheWire, WhatComesWhileAConnectionIsMadeAgainWaits) {
  options.reconnect = 1;
  options.reconnect_delay_max = 200'000;
  options.queue_size = 10'000'000;
  FaultyServer server{pubpoint::Settings{}};
  server.add_fault({.at = At::Packet, .what = Do::Reset, .packet = 20});
  PushSink sink(options);
  ASSERT_EQ(sink.Connect(server.url()), Result::S_OK);
  ASSERT_EQ(sink.OnHeader(header()), Result::S_OK);
  std::uint32_t number = 0;
  while (sink.stats().reconnects == 0 && number < 2'000) {
    ASSERT_EQ(push_one(sink, number++), Result::S_OK) << sink.last_error().message;
    ASSERT_EQ(sink.wait_until(Clock::now() + std::chrono::milliseconds(1)), Result::S_OK);
  }
  EXPECT_EQ(sink.stats().reconnects, 1u) << lines;
  EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
  EXPECT_EQ(sink.stats().packets_dropped, 0u);
  ASSERT_TRUE(server.wait_for([&] { return !server.sessions().front().running; }));
  // What the server's system had and the server had not read when it reset may be lost, and is
  // told.
  const std::uint64_t arrived = server.sessions().front().packets;
  EXPECT_LE(arrived, number);
  EXPECT_GE(arrived + std::min<std::uint64_t>(sink.stats().packets_at_risk, 2), number);
}

TEST_F(CongestionOnTheWire, TellsAnOptionThatIsNone) {
  options.congestion = "wait";
  PushSink sink(options);
  EXPECT_EQ(sink.Connect("wmpush://127.0.0.1/live"), Result::E_INVALIDARG);
  EXPECT_THAT(sink.last_error().message, HasSubstr("block or drop"));
}

}  // namespace
}  // namespace wmpush::test
