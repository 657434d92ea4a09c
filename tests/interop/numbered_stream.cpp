#include "interop/numbered_stream.hpp"

#include <algorithm>
#include <ostream>
#include <stdexcept>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"

namespace wmpush::test {
namespace {

/// Stream, object, offset, size and time of a media object, length: what make_packet() writes in
/// front of a payload's data.
constexpr std::size_t kPayloadHead = 17;
constexpr std::size_t kNumber = 4;

/// The media data of a packet: its number, and bytes that follow from it.
Bytes content_of(Bytes packet) {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet, head)) return {};
  const std::size_t from = head.payloads + kPayloadHead;
  const std::size_t end = packet.size() - head.padding;
  return end < from + kNumber ? Bytes() : packet.subspan(from, end - from);
}

void write_content(std::span<std::byte> to, std::uint32_t number) {
  std::uint32_t state = number;
  for (std::size_t i = 0; i < to.size(); ++i) {
    to[i] = static_cast<std::byte>(i < kNumber ? number >> (8 * i) : state >> 24);
    state = state * 1664525 + 1013904223;
  }
}

void print(std::ostream& out, const char* what, const std::vector<std::uint32_t>& numbers) {
  constexpr std::size_t kShown = 10;
  if (numbers.empty()) return;
  out << ", " << numbers.size() << " " << what << ":";
  for (std::size_t i = 0; i < std::min(kShown, numbers.size()); ++i) out << " " << numbers[i];
  if (numbers.size() > kShown) out << " …";
}

}  // namespace

NumberedStream::NumberedStream(std::uint32_t packets, std::size_t packet_size,
                               std::uint32_t bitrate)
    : packet_size_(packet_size), packets_(packets) {
  HeaderSpec header;
  header.packet_size = static_cast<std::uint32_t>(packet_size);
  header.max_bitrate = bitrate;
  header.streams = {StreamSpec::audio(1, bitrate / 8)};
  header.bitrates = {{1, bitrate}};
  asf_ = make_header(header);
  header_size_ = asf_.size();
  asf_.reserve(header_size_ + packets * packet_size);
  for (std::uint32_t number = 0; number < packets; ++number) {
    PacketSpec spec;
    spec.packet_size = packet_size;
    spec.send_time =
        static_cast<std::uint32_t>(std::uint64_t{number} * packet_size * 8'000 / bitrate);
    spec.payloads.push_back({.media_object = static_cast<std::uint8_t>(number),
                             .presentation_time = spec.send_time,
                             .size = packet_size - 100 - number % 97});
    std::vector<std::byte> packet = make_packet(spec);
    const Bytes content = content_of(packet);
    write_content(std::span(packet).subspan(
                      static_cast<std::size_t>(content.data() - packet.data()), content.size()),
                  number);
    asf_.insert(asf_.end(), packet.begin(), packet.end());
  }
}

std::optional<std::uint32_t> NumberedStream::number_of(Bytes packet_bytes) const {
  const Bytes content = content_of(packet_bytes);
  if (content.empty()) return std::nullopt;
  const auto number = load_le<std::uint32_t>(content, 0);
  if (number >= packets_ || !std::ranges::equal(content, content_of(packet(number))))
    return std::nullopt;
  return number;
}

std::ostream& operator<<(std::ostream& out, const Arrivals& arrivals) {
  out << arrivals.packets << " packets arrived";
  print(out, "missing", arrivals.missing);
  print(out, "twice", arrivals.twice);
  print(out, "too late", arrivals.late);
  if (arrivals.altered > 0) out << ", " << arrivals.altered << " altered";
  return out;
}

Arrivals arrivals_of(const NumberedStream& sent, const std::vector<ArrivedPacket>& packets) {
  Arrivals arrivals;
  arrivals.packets = packets.size();
  std::vector<bool> seen(sent.packets());
  std::uint32_t next = 0;
  for (const ArrivedPacket& packet : packets) {
    if (!packet.number) {
      ++arrivals.altered;
      continue;
    }
    const std::uint32_t number = *packet.number;
    if (seen[number])
      arrivals.twice.push_back(number);
    else if (number < next)
      arrivals.late.push_back(number);
    seen[number] = true;
    next = std::max(next, number + 1);
  }
  for (std::uint32_t number = 0; number < sent.packets(); ++number)
    if (!seen[number]) arrivals.missing.push_back(number);
  return arrivals;
}

Arrivals arrivals_of(const NumberedStream& sent, const std::vector<std::filesystem::path>& files) {
  std::vector<ArrivedPacket> packets;
  for (const auto& path : files) {
    const std::string file = read_file(path);
    Bytes input = as_bytes(file);
    asf::Splitter splitter;
    asf::Splitter::Unit unit;
    do {
      if (const Error error = splitter.next(input, unit))
        throw std::runtime_error(path.string() + ": " + error.message);
      if (unit.kind == asf::Splitter::Kind::Packet) packets.push_back({sent.number_of(unit.bytes)});
    } while (unit.kind != asf::Splitter::Kind::None);
  }
  return arrivals_of(sent, packets);
}

}  // namespace wmpush::test
