// The payloads of any packet lie within it, one behind the other.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "asf/payload.hpp"
#include "fuzz/target.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::fuzz {
namespace {

void check(Bytes packet) {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet, head)) return;
  require(head.payloads <= packet.size() && head.padding <= packet.size() - head.payloads,
          "payloads and padding lie within the packet");
  asf::PayloadReader reader(packet, head);
  const std::byte* const begin = packet.data();
  const std::byte* const end = begin + packet.size() - head.padding;
  const std::byte* last = begin;
  std::size_t count = 0;
  asf::Payload payload;
  for (; reader.next(payload); ++count) {
    require(payload.stream <= 127, "a stream's number has seven bits");
    require(payload.data.empty() ||
                (payload.data.data() >= last && payload.data.data() + payload.data.size() <= end),
            "a payload lies in the packet, behind the one before it");
    if (!payload.data.empty()) last = payload.data.data() + payload.data.size();
    require(payload.presentation_time_at == 0 || payload.presentation_time_at + 4 <= packet.size(),
            "the place of its time lies in the packet");
    if (payload.presentation_time_at != 0) {
      ByteReader time(packet.subspan(payload.presentation_time_at));
      time.u32();
      require(time.ok(), "the time can be read where it is said to be");
    }
  }
  require(count <= 64 * packet.size() + 64, "there is an end to the payloads");
  require(!reader.next(payload), "after the last there is none");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  using namespace test;
  std::vector<std::vector<std::byte>> seeds;
  for (const bool multiple : {true, false})
    for (const unsigned length : {0u, 1u, 2u, 3u}) {
      PacketSpec spec;
      spec.multiple = multiple;
      spec.packet_length_type = length;
      spec.padding_length_type = 3 - length;
      spec.payloads = {{.key_frame = true, .media_object_size = 40, .size = 40}};
      if (multiple) spec.payloads.push_back({.stream = 2, .media_object = 1, .size = 50});
      seeds.push_back(make_packet(spec));
    }
  // Small objects that share a payload: replicated data of one byte, the step of their times.
  const std::string shared = std::string("\x82\0\0\x09\x5d\x05\0\0\0\0\0\0\0", 13) +
                             std::string(
                                 "\x82\x00\x10\0\0\0\x01\x08\x03"
                                 "abc\x02zz",
                                 15) +
                             std::string(5, '\0');
  const Bytes bytes = as_bytes(shared);
  seeds.emplace_back(bytes.begin(), bytes.end());
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  check(input(data, size));
  return 0;
}
