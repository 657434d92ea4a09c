// A packet means the same with its padding taken out and put back, and a malformed one is passed
// on. SPDX-License-Identifier: LGPL-2.1-or-later
#include <tuple>

#include "asf/data_packet.hpp"
#include "asf/payload.hpp"
#include "fuzz/target.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::fuzz {
namespace {

using Decoded = std::tuple<int, bool, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t,
                           std::string_view>;

struct Meaning {
  std::uint32_t send_time = 0;
  std::uint16_t duration = 0;
  std::vector<Decoded> payloads;
  bool operator==(const Meaning&) const = default;
};

/// Points into `packet`.
Meaning meaning(Bytes packet) {
  asf::DataPacket head;
  require(asf::DataPacket::parse(packet, head), "the packet is well-formed");
  require(head.payloads + head.padding <= packet.size(), "padding lies within the packet");
  Meaning meaning{head.send_time, head.duration, {}};
  asf::PayloadReader reader(packet, head);
  for (asf::Payload payload; reader.next(payload);)
    meaning.payloads.emplace_back(payload.stream, payload.key_frame, payload.media_object,
                                  payload.offset, payload.media_object_size,
                                  payload.presentation_time, as_text(payload.data));
  require(reader.ok(), "the payloads of a well-formed packet can be read");
  return meaning;
}

void check(Bytes packet, std::size_t more) {
  const asf::StrippedPacket stripped = asf::strip_padding(packet);
  require(stripped.size() + stripped.removed == packet.size(), "only padding is removed");
  std::vector<std::byte> out(stripped.head().begin(), stripped.head().end());
  append(out, stripped.rest);
  const std::size_t size = packet.size() + more;
  std::vector<std::byte> padded;
  const bool restored = asf::pad_packet(out, size, padded);
  require(padded.size() == size, "a packet is padded to the packet size");
  if (stripped.malformed) {
    require(stripped.rest.data() == packet.data() && stripped.removed == 0,
            "a malformed packet is passed on as it came");
    require(!restored && std::equal(packet.begin(), packet.end(), padded.begin()),
            "behind a malformed packet there are zeros");
    return;
  }
  require(restored, "what was stripped can be padded");
  const Meaning original = meaning(packet);
  require(meaning(out) == original, "removing padding changes nothing else");
  require(meaning(padded) == original, "padding changes nothing else");
  // A receiver that adds zeros and touches no field.
  if (stripped.removed != 0) {
    out.resize(packet.size());
    require(meaning(out) == original, "zeros in the place of the padding change nothing");
  }
  require(asf::strip_padding(padded).size() <= size, "it can be stripped again");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  using namespace test;
  std::vector<std::vector<std::byte>> seeds;
  for (const bool multiple : {true, false})
    for (const unsigned length : {0u, 1u, 2u, 3u})
      for (const unsigned padding : {1u, 2u, 3u}) {
        PacketSpec spec;
        spec.multiple = multiple;
        spec.packet_length_type = length;
        spec.padding_length_type = padding;
        spec.sequence_type = length;
        spec.payloads = {{.key_frame = true, .media_object_size = 40, .size = 40}};
        if (multiple) spec.payloads.push_back({.stream = 2, .media_object = 1, .size = 50});
        seeds.push_back({static_cast<std::byte>(length), std::byte{0}});
        append(seeds.back(), make_packet(spec));
      }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  wmpush::ByteReader reader(input(data, size));
  const std::size_t more = reader.u16() % 2000u;
  if (!reader.ok()) return 0;
  check(reader.bytes(reader.remaining()), more);
  return 0;
}
