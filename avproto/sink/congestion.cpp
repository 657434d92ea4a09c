#include "sink/congestion.hpp"

#include <algorithm>
#include <utility>

#include "asf/data_packet.hpp"
#include "asf/guid.hpp"
#include "asf/packet_edit.hpp"
#include "asf/payload.hpp"

namespace wmpush {

void Congestion::take_header(const asf::Header& header) {
  videos_.clear();
  for (const asf::Stream& stream : header.streams)
    if (stream.type == asf::kVideoMedia) videos_.push_back(stream.number);
}

Bytes Congestion::admit(Bytes packet, std::size_t queued) {
  if (!dropping_) {
    if (queued + packet.size() <= limit_) return packet;
    dropping_ = true;
    dropped_before_ = dropped_++;
    note_ = "the network is too slow: packets are left out until it has caught up (" +
            std::to_string(queued) + " bytes wait)";
    return {};
  }
  if (queued > limit_ / 4 || !begins_again(packet)) {
    ++dropped_;
    return {};
  }
  dropping_ = false;
  const std::uint64_t count = dropped_ - dropped_before_;
  note_ = "the network has caught up: " + std::to_string(count) +
          (count == 1 ? " packet was left out" : " packets were left out");
  return kept_.empty() ? packet : Bytes(kept_);
}

bool Congestion::begins_again(Bytes packet) {
  kept_.clear();
  if (videos_.empty()) return true;
  const auto is_video = [&](const asf::Payload& payload) {
    return std::ranges::find(videos_, payload.stream) != videos_.end();
  };
  bool begun = false;
  std::vector<std::byte> edited;
  const auto kept = asf::keep_payloads(
      packet,
      [&](const asf::Payload& payload) {
        begun = begun || (is_video(payload) && payload.key_frame && payload.offset == 0);
        // Sound in front of the picture may stay: it is whole.
        return begun || (!is_video(payload) && payload.offset == 0);
      },
      edited);
  if (!begun || kept == asf::Kept::None) return false;
  if (kept == asf::Kept::Some) kept_ = std::move(edited);
  return true;
}

std::string Congestion::take_note() { return std::exchange(note_, {}); }

}  // namespace wmpush
