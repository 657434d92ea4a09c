// Whatever a header is like, what the repairs make of it can be parsed, needs no second repair, and
// has what each repair promises.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "asf/header.hpp"
#include "asf/header_trim.hpp"
#include "fuzz/target.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::fuzz {
namespace {

using asf::Header;
using asf::HeaderFixup;

constexpr std::size_t kSmall = 300;
constexpr asf::Guid kFresh = asf::guid(0xFEEDFACE, 1, 2, 3, 0x0102030405FF);

bool known(std::uint32_t rate) { return rate >= 100 && rate != 0xFFFFFFFF; }

void check(const HeaderFixup& fixup, Bytes bytes) {
  Header before;
  std::vector<std::byte> fixed;
  const Error refused = parse_header(bytes, before);
  const Error error = fixup.apply(bytes, fixed);
  require(static_cast<bool>(error) == static_cast<bool>(refused),
          "what can be parsed can be repaired");
  if (refused) {
    require(refused.result == Result::NS_E_INVALID_DATA, "what cannot be parsed is invalid data");
    require(!refused.message.empty() && refused.message.find('\n') == std::string::npos,
            "the reason is one line");
    return;
  }

  Header after;
  require(!parse_header(fixed, after), "a repaired header can be parsed");
  require(after.packet_size == before.packet_size, "the packet size stays");
  require(after.streams.size() == before.streams.size(), "the streams stay");
  require((after.data_object != 0) == (before.data_object != 0), "the Data Object stays");
  require(fixed.size() == bytes.size() || fixed.size() <= fixup.largest,
          "a header is not made too large");
  require(fixed.size() >= bytes.size(), "a repair takes nothing away");

  if (fixup.file_id) {
    require(after.file_id.back() != std::byte{0}, "a File ID does not end in zero");
    if (after.data_object != 0)
      require(asf::guid_at(Bytes(fixed).subspan(after.data_object + 24)) == after.file_id,
              "the File IDs are equal");
  } else {
    require(after.file_id == before.file_id, "the File ID stays");
  }
  const std::uint32_t flags = fixup.live_flags ? (before.flags | 1) & ~2u : before.flags;
  require(after.flags == flags, "the flags are those of a live push, or stay");
  if (!fixup.max_bitrate)
    require(after.max_bitrate == before.max_bitrate, "the maximum bit rate stays");
  else if (fixup.configured_bitrate != 0)
    require(after.max_bitrate == fixup.configured_bitrate, "what the user says wins");
  else if (known(before.max_bitrate))
    require(after.max_bitrate >= before.max_bitrate, "a known maximum bit rate is not lowered");
  else
    require(known(after.max_bitrate) || after.streams.empty(), "the maximum bit rate is filled in");
  if (fixup.object_count)
    require(after.declared_objects == after.object_count, "the object count is right");
  if (fixup.stream_bitrates && fixed.size() + 26 + 6 * after.streams.size() <= fixup.largest)
    for (const asf::Stream& stream : after.streams)
      require(stream.in_bitrates && known(stream.bitrate), "every stream has a bit rate");
  if (fixup.audio_rate)
    for (const asf::Stream& stream : after.streams)
      require(stream.type != asf::kAudioMedia || stream.type_data == 0 ||
                  stream.average_bytes_per_second != 0,
              "sound has a rate");

  std::vector<std::byte> again;
  require(!fixup.apply(fixed, again) && again == fixed, "a repaired header needs no repair");

  // The same, made as small as it can be, and then no smaller.
  std::vector<asf::LeftOut> left_out;
  require(!trim_header(fixed, kSmall, left_out), "what can be parsed can be trimmed");
  Header trimmed;
  require(!parse_header(fixed, trimmed), "a trimmed header can be parsed");
  require(trimmed.streams.size() == after.streams.size() &&
              trimmed.packet_size == after.packet_size && trimmed.file_id == after.file_id,
          "what defines the streams stays");
  again = fixed;
  require(
      !trim_header(again, kSmall, left_out) && (left_out.empty() || again.size() < fixed.size()),
      "trimming comes to an end");
}

}  // namespace

std::vector<std::vector<std::byte>> seeds() {
  using namespace test;
  std::vector<HeaderSpec> specs(4);
  specs[0].file_id = {};
  specs[0].data_file_id = {};
  specs[0].flags = 3;
  specs[0].max_bitrate = 0xFFFFFFFF;
  specs[0].declared_objects = 1;
  specs[0].streams = {StreamSpec::audio(1, 0), StreamSpec::video(2)};
  specs[1].streams = {StreamSpec::video(1), StreamSpec::audio(2), StreamSpec::video(3)};
  specs[1].bitrates = {{1, 300'000}, {3, 0}};
  specs[2].flags = 2;
  specs[2].max_bitrate = 0;
  specs[2].file_size = 100'000;
  specs[2].play_duration = 51'000'000;
  specs[2].streams = {StreamSpec::video(1), StreamSpec::audio(2)};
  specs[2].extended = {{1, 5000}, {2, 0}};
  specs[3].filling = 500;
  std::vector<std::vector<std::byte>> seeds;
  for (const HeaderSpec& spec : specs)
    for (const int switches : {0x00, 0x3F}) {
      seeds.push_back({static_cast<std::byte>(switches), std::byte{0}, std::byte{7}});
      append(seeds.back(), make_header(spec));
    }
  return seeds;
}

}  // namespace wmpush::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wmpush::fuzz;
  wmpush::ByteReader reader(input(data, size));
  const unsigned switches = reader.u8();
  wmpush::asf::HeaderFixup fixup;
  fixup.file_id = (switches & 1) != 0;
  fixup.live_flags = (switches & 2) != 0;
  fixup.max_bitrate = (switches & 4) != 0;
  fixup.stream_bitrates = (switches & 8) != 0;
  fixup.audio_rate = (switches & 16) != 0;
  fixup.object_count = (switches & 32) != 0;
  fixup.fresh_id = kFresh;
  fixup.configured_bitrate = reader.u16() * 1000u;
  if (!reader.ok()) return 0;
  check(fixup, reader.bytes(reader.remaining()));
  return 0;
}
