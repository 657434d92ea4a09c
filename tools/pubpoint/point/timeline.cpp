#include "pubpoint/point/timeline.hpp"

#include <algorithm>

#include "asf/packet_edit.hpp"

namespace wmpush::pubpoint {
namespace {

/// Between two entries, where the last one does not tell: a frame at 25 a second.
constexpr std::uint32_t kFrame = 40;          // ms
constexpr std::size_t kWorthStripping = 32;   // bytes
constexpr std::uint32_t kLongestStep = 1000;  // ms; what is longer is a pause in the stream

}  // namespace

bool Timeline::begin(std::shared_ptr<const EntryHeader> header) {
  const bool goes_on = header_ && header->continues(*header_);
  header_ = std::move(header);
  gate_.reset();
  joining_ = goes_on;
  if (goes_on) {
    gate_.emplace(*header_);
  } else {
    shift_ = 0;
    times_.fill({});
  }
  return goes_on;
}

/// The time of the first object that a viewer can begin with.
std::optional<std::uint32_t> Timeline::first_key_frame(Bytes packet) const {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet, head)) return std::nullopt;
  asf::PayloadReader payloads(packet, head);
  for (asf::Payload payload; payloads.next(payload);) {
    if (payload.offset != 0) continue;
    if (!header_->has_video) return payload.presentation_time;
    const bool is_video = std::ranges::any_of(header_->parsed.streams, [&](const auto& stream) {
      return stream.number == payload.stream && stream.type == asf::kVideoMedia;
    });
    if (is_video && payload.key_frame) return payload.presentation_time;
  }
  return std::nullopt;
}

std::uint32_t Timeline::next_time() const {
  const StreamTime* newest = nullptr;
  for (const StreamTime& stream : times_)
    if (stream.seen && (newest == nullptr || not_earlier(stream.latest, newest->latest)))
      newest = &stream;
  if (newest == nullptr) return 0;
  return newest->latest + (newest->step != 0 ? std::min(newest->step, kLongestStep) : kFrame);
}

void Timeline::note_times(Packet& packet) {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet.whole, head)) return;
  asf::PayloadReader payloads(packet.whole, head);
  for (asf::Payload payload; payloads.next(payload);) {
    if (payload.offset != 0) continue;
    if (header_->has_video && payload.stream == header_->video) ++packet.frames;
    StreamTime& stream = times_[payload.stream];
    if (stream.seen && not_earlier(stream.latest, payload.presentation_time)) continue;
    stream.step = stream.seen ? payload.presentation_time - stream.latest : 0;
    stream.latest = payload.presentation_time;
    stream.seen = true;
  }
}

std::shared_ptr<const Packet> Timeline::take(Bytes bytes) {
  if (!header_) return nullptr;
  auto packet = std::make_shared<Packet>();
  const std::size_t size = header_->parsed.packet_size;
  if (!asf::pad_packet(bytes, size, packet->whole)) return nullptr;
  const std::optional<std::uint32_t> key_frame = first_key_frame(packet->whole);
  packet->starts = key_frame.has_value();
  if (joining_) {
    if (!key_frame) return nullptr;
    joining_ = false;
    gate_->not_before(*key_frame);
    shift_ = next_time() - *key_frame;
  }
  if (gate_) {
    std::vector<std::byte> edited;
    switch (gate_->pass(packet->whole, edited)) {
      case asf::Kept::All:
        break;
      case asf::Kept::None:
        return nullptr;
      case asf::Kept::Some:
        asf::pad_packet(edited, size, packet->whole);
        break;
    }
    if (gate_->is_open()) gate_.reset();
  }
  if (shift_ != 0) asf::shift_times(packet->whole, shift_);
  note_times(*packet);

  asf::StrippedPacket stripped = asf::strip_padding(packet->whole);
  packet->send_time = stripped.send_time;
  // FFmpeg complains of a rest that is too short to be a payload, where it was padding before.
  if (stripped.removed < kWorthStripping) {
    packet->stripped = packet->whole;
    return packet;
  }
  packet->stripped.reserve(stripped.size());
  append(packet->stripped, stripped.head());
  append(packet->stripped, stripped.rest);
  return packet;
}

}  // namespace wmpush::pubpoint
