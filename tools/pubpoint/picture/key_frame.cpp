#include "pubpoint/picture/key_frame.hpp"

#include <algorithm>
#include <utility>

#include "asf/payload.hpp"

namespace wmpush::pubpoint {
namespace {

/// Calls `what` with each payload of a packet until it returns true. Whether it has.
template <typename What>
bool any_payload(Bytes packet, What what) {
  asf::DataPacket head;
  if (!asf::DataPacket::parse(packet, head)) return false;
  asf::PayloadReader payloads(packet, head);
  for (asf::Payload payload; payloads.next(payload);)
    if (what(payload)) return true;
  return false;
}

}  // namespace

void KeyFrame::take(const Item& item) {
  if (!item.packet) {
    header_ = item.header;
    coming_.reset();
    packets_.clear();
    return;
  }
  if (!header_ || !header_->has_video) return;
  const Bytes bytes = item.packet->whole;
  if (item.packet->starts) begin(bytes);
  if (!coming_) return;
  coming_packets_.push_back(item.packet);
  coming_bytes_ += bytes.size();
  const bool is_whole = is_whole_with(bytes);
  if (!is_whole && coming_bytes_ <= kMost) return;
  coming_.reset();
  if (!is_whole) return coming_packets_.clear();
  packets_ = std::exchange(coming_packets_, {});
  ++number_;
}

void KeyFrame::begin(Bytes packet) {
  coming_.reset();
  coming_packets_.clear();
  coming_bytes_ = 0;
  any_payload(packet, [&](const asf::Payload& payload) {
    const bool is_video = std::ranges::any_of(header_->parsed.streams, [&](const auto& stream) {
      return stream.number == payload.stream && stream.type == asf::kVideoMedia;
    });
    if (!is_video || !payload.key_frame || payload.offset != 0) return false;
    coming_ = Object{payload.stream, payload.media_object, payload.media_object_size};
    return true;
  });
}

bool KeyFrame::is_whole_with(Bytes packet) {
  return any_payload(packet, [&](const asf::Payload& payload) {
    if (payload.stream != coming_->stream) return false;
    // The next one begins: there is no more of it to come, whatever its size was to be.
    if (payload.media_object != coming_->number) return coming_->seen > 0;
    coming_->seen += static_cast<std::uint32_t>(payload.data.size());
    return coming_->size != 0 && coming_->seen >= coming_->size;
  });
}

std::vector<std::byte> KeyFramePackets::asf() const {
  std::vector<std::byte> all = header->bytes;
  for (const auto& packet : packets) append(all, packet->whole);
  return all;
}

}  // namespace wmpush::pubpoint
