#include "wmhttp/push_start.hpp"

#include <algorithm>
#include <array>

namespace wmpush::wmhttp {
namespace {

/// Bit rate to reckon with behind a proxy when the header names none, in bit/s.
constexpr std::int64_t kAssumedBitrate = 1'000'000;
/// In seconds. A burst after a pause is no rate.
constexpr double kLongEnoughToMeasure = 5;

constexpr auto kSmallestFiller = static_cast<std::int64_t>(frame_head_size(FrameId::Filler));
constexpr std::array<std::byte, kMaxFillerPayload> kZeros{};

}  // namespace

std::int64_t push_start_length(const LengthRule& rule, const StreamShape& shape,
                               const FrameLog& log) {
  std::int64_t length = kDirectContentLength;
  if (rule.configured > 0) {
    length = rule.configured;
  } else if (rule.proxied) {
    // A header may declare less than there is: the sound alone, where nobody knows the rate of the
    // pictures.
    const std::int64_t declared = shape.bitrate > 0 ? shape.bitrate : kAssumedBitrate;
    length = std::max(declared, rule.measured_bitrate) / 8 * kProxiedDuration.count();
  }
  const auto packet = static_cast<std::int64_t>(frame_head_size(FrameId::Data) + shape.packet_size);
  const auto header =
      static_cast<std::int64_t>(frame_head_size(FrameId::StreamChange) + log.header_size()) +
      kSmallestFiller;
  // What is sent again may be of an entry with larger ones.
  const auto waiting = static_cast<std::int64_t>(log.largest_pending()) + kSmallestFiller;
  return std::min(std::max({length, 3 * packet, header, waiting}), kDirectContentLength);
}

bool PushStart::has_room_for(const LoggedFrame& frame) const {
  const auto size = static_cast<std::int64_t>(frame.size());
  if (frame.id != FrameId::End) return size + kSmallestFiller <= left_;
  if (frame.ends_stream()) return size <= left_;
  // What is left behind an $E(1) must be nothing, or room for a $F.
  return size == left_ || size + kSmallestFiller <= left_;
}

void PushStart::write(const LoggedFrame& frame, SendQueue& queue) {
  queue.lend(frame.wire);
  left_ -= static_cast<std::int64_t>(frame.size());
  has_content_ = true;
}

void PushStart::fill(SendQueue& queue) {
  constexpr auto kLargest = static_cast<std::int64_t>(kMaxFillerPayload) + kSmallestFiller;
  while (left_ > 0) {
    std::int64_t size = std::min(left_, kLargest);
    const std::int64_t rest = left_ - size;
    if (rest > 0 && rest < kSmallestFiller) size -= kSmallestFiller;
    const auto payload = static_cast<std::size_t>(size - kSmallestFiller);
    std::array<std::byte, frame_head_size(FrameId::Filler)> head;
    write_frame_head(FrameId::Filler, payload, 0, head);
    queue.copy(head);
    queue.lend(Bytes(kZeros).first(payload));
    left_ -= size;
  }
}

std::int64_t PushStart::bitrate(Time now) const {
  const double seconds = std::chrono::duration<double>(now - since_).count();
  if (seconds < kLongEnoughToMeasure) return 0;
  return static_cast<std::int64_t>(8.0 * static_cast<double>(length_ - left_) / seconds);
}

}  // namespace wmpush::wmhttp
