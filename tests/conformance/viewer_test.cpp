// A viewer and its ring, without the threads around them: what happens in between is the test's.
#include "pubpoint/pull/viewer.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "pubpoint/pull/channel.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::pubpoint {
namespace {

using tcp = boost::asio::ip::tcp;

constexpr std::size_t kPacket = 10'000;
constexpr std::size_t kQueue = 20 * kPacket;

Item header() {
  test::HeaderSpec spec;
  spec.packet_size = kPacket;
  spec.streams = {test::StreamSpec::video(1)};
  return {nullptr, EntryHeader::parse(test::make_header(spec)), 0};
}

Item packet(std::uint32_t number) {
  test::PacketSpec spec;
  spec.packet_size = kPacket;
  spec.send_time = number * 40;
  const bool starts = number % 5 == 0;
  spec.payloads = {{1, starts, static_cast<std::uint8_t>(number), 0, 9000, number * 40, 9000}};
  auto packet = std::make_shared<Packet>();
  packet->whole = test::make_packet(spec);
  packet->send_time = spec.send_time;
  packet->starts = starts;
  return {std::move(packet), nullptr, 0};
}

class ViewerTest : public testing::Test {
 protected:
  ViewerTest() {
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    client.open(tcp::v4());
    client.set_option(boost::asio::socket_base::receive_buffer_size(4096));
    client.connect(acceptor.local_endpoint());
    tcp::socket server(context);
    acceptor.accept(server);
    server.set_option(boost::asio::socket_base::send_buffer_size(4096));
    client.non_blocking(true);
    channel.take(header());
    Viewer::Wishes wishes;
    wishes.head = "HTTP/1.0 200 OK\r\n\r\n";
    channel.join(ClientSocket(std::move(server), nullptr), std::move(wishes), record,
                 [this](Viewer&) { over = true; });
  }

  void push(std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) channel.take(packet(number++));
  }
  /// Everything that is on its way.
  void read_all() {
    std::vector<char> buffer(100'000);
    boost::system::error_code error;
    while (!error) client.read_some(boost::asio::buffer(buffer), error);
  }

  boost::asio::io_context context;
  tcp::socket client{context};
  std::shared_ptr<ViewerRecord> record = std::make_shared<ViewerRecord>();
  Channel channel{kQueue};
  std::uint32_t number = 0;
  bool over = false;
};

/// The threads push several items before they look at the viewers' pace.
TEST_F(ViewerTest, P50_OneThatIsReadyBeforeItsPaceIsLookedAtGoesOnAtAKeyFrame) {
  push(10);
  channel.pump();
  EXPECT_EQ(record->skips, 0u);
  push(200);  // the ring has lost what comes next for the viewer
  read_all();
  context.poll();
  EXPECT_EQ(record->skips, 1u);
  EXPECT_FALSE(over);
  const std::uint64_t packets = record->packets;
  for (int i = 0; i < 100; ++i) {
    read_all();
    context.poll();
  }
  EXPECT_GT(record->packets, packets);
}

}  // namespace
}  // namespace wmpush::pubpoint
