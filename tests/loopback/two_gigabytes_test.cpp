// The one rollover that a push without a proxy ever comes to: behind 2147483647 bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "asf/data_packet.hpp"
#include "support/asf_builder.hpp"
#include "support/engine_driver.hpp"
#include "support/raw_server.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using wmhttp::FrameId;

constexpr std::size_t kPacketSize = 60'000;
constexpr std::uint64_t kBehindTheRollover = 500;  // packets
constexpr std::uint64_t kPackets = 2147483647 / kPacketSize + kBehindTheRollover;

/// Packets that are all different: a number, and bytes of one random text from different places on.
class NumberedPackets {
 public:
  NumberedPackets() : text_(2 * kPlaces) {
    std::mt19937 random(2147483647);
    std::ranges::generate(text_, [&] { return static_cast<std::byte>(random() & 0xFF); });
    PacketSpec spec;
    spec.packet_size = kPacketSize;
    spec.payloads.push_back({.size = 0});
    asf::DataPacket parsed;
    EXPECT_TRUE(asf::DataPacket::parse(make_packet(spec), parsed));
    spec.payloads[0].size = parsed.padding;  // full: nothing is left out on the way
    packet_ = make_packet(spec);
    payload_at_ = kPacketSize - parsed.padding;
  }

  /// Valid until the next call.
  Bytes packet(std::uint64_t number) {
    std::memcpy(packet_.data() + payload_at_, &number, sizeof number);
    const Bytes filling = filling_of(number);
    std::ranges::copy(filling, packet_.end() - static_cast<std::ptrdiff_t>(filling.size()));
    return packet_;
  }

  bool is(Bytes packet, std::uint64_t number) const {
    std::uint64_t found = 0;
    if (packet.size() != kPacketSize) return false;
    std::memcpy(&found, packet.data() + payload_at_, sizeof found);
    return found == number &&
           std::ranges::equal(packet.first(payload_at_), Bytes(packet_).first(payload_at_)) &&
           std::ranges::equal(packet.subspan(payload_at_ + sizeof found), filling_of(number));
  }

 private:
  static constexpr std::size_t kPlaces = 1 << 16;

  Bytes filling_of(std::uint64_t number) const {
    return Bytes(text_).subspan(static_cast<std::size_t>(number * 4099 % kPlaces),
                                kPacketSize - payload_at_ - sizeof number);
  }

  std::vector<std::byte> text_;
  std::vector<std::byte> packet_;
  std::size_t payload_at_ = 0;
};

/// What the receiver of it all has seen, to be looked at when it is done.
struct Receipt {
  std::vector<std::int64_t> lengths;  // of the PushStarts
  std::vector<std::string> orders;    // ids of their frames, a run of the same one once
  std::uint64_t packets = 0;          // right ones, in order
  std::string wrong;                  // the first thing that was
};

/// A publishing point that counts the length and compares each packet with what it should be.
void receive(RawServer::Connection& connection, Receipt& receipt) {
  const NumberedPackets packets;
  connection.read_head();
  connection.send(kAccepted);
  bool ended = false;
  while (!ended && receipt.wrong.empty()) {
    SentRequest request;
    request.head = connection.read_head();
    if (request.head.empty()) return;
    receipt.lengths.push_back(std::stoll(request.header("Content-Length")));
    std::string& order = receipt.orders.emplace_back();
    wmhttp::FrameReader reader;
    for (std::int64_t left = receipt.lengths.back(); left > 0 && !ended;) {
      const std::string piece = connection.read_some();
      left -= static_cast<std::int64_t>(piece.size());
      if (piece.empty() || left < 0) {
        receipt.wrong = piece.empty() ? "the connection ended" : "more came than was announced";
        return;
      }
      Bytes input = as_bytes(piece);
      wmhttp::Frame frame;
      wmhttp::FrameReader::Status status{};
      while ((status = reader.next(input, frame)) == wmhttp::FrameReader::Status::Frame) {
        const char id = static_cast<char>(frame.id);
        if (!order.ends_with(id)) order += id;
        ended = frame.id == FrameId::End;
        if (frame.id != FrameId::Data) continue;
        if (packets.is(frame.payload, receipt.packets)) {
          ++receipt.packets;
        } else if (receipt.wrong.empty()) {
          receipt.wrong = "packet " + std::to_string(receipt.packets) + " is another";
        }
      }
      if (status == wmhttp::FrameReader::Status::Breach) receipt.wrong = reader.breach();
    }
    if (!ended && reader.pending() > 0) receipt.wrong = "a frame goes beyond the length";
    if (!ended) connection.send(kNextPlease);
  }
}

TEST(TwoGigabytes, C09_C27_F06_F07_EveryPacketArrivesOnceAndUnchanged) {
  Receipt receipt;
  {
    RawServer server([&](RawServer::Connection& connection) { receive(connection, receipt); });
    PushSink sink;
    ASSERT_EQ(sink.Connect(server.url()), Result::S_OK) << sink.last_error().message;
    HeaderSpec header;
    header.packet_size = kPacketSize;
    header.streams = {StreamSpec::audio(1)};
    ASSERT_EQ(sink.OnHeader(make_header(header)), Result::S_OK);
    NumberedPackets packets;
    for (std::uint64_t number = 0; number < kPackets; ++number)
      ASSERT_EQ(sink.OnDataUnit(packets.packet(number)), Result::S_OK) << sink.last_error().message;
    EXPECT_EQ(sink.EndSession(), Result::S_OK) << sink.last_error().message;
    EXPECT_EQ(sink.stats().packets_sent, kPackets);
  }  // the receiver is done
  EXPECT_EQ(receipt.wrong, "");
  EXPECT_EQ(receipt.packets, kPackets);
  EXPECT_EQ(receipt.lengths, (std::vector<std::int64_t>{2147483647, 2147483647}));
  EXPECT_EQ(receipt.orders, (std::vector<std::string>{"HDF", "DE"}));
}

}  // namespace
}  // namespace wmpush::test
