#include "pubpoint/point/stream_gate.hpp"

#include "asf/guid.hpp"

namespace wmpush::pubpoint {

StreamGate::StreamGate(const EntryHeader& header) {
  for (const asf::Stream& stream : header.parsed.streams) {
    const bool is_video = stream.type == asf::kVideoMedia;
    video_[stream.number] = is_video;
    // A broken object of sound does no harm, and the picture is what is waited for.
    closed_[stream.number] = is_video;
  }
}

void StreamGate::select(std::uint8_t stream, Thinning thinning) {
  const bool was_off = off_[stream];
  off_[stream] = thinning == Thinning::Off;
  thinned_[stream] = thinning != Thinning::All;
  if (off_[stream])
    closed_[stream] = false;
  else if (was_off)
    closed_[stream] = true;
}

bool StreamGate::wants(const asf::Payload& payload) {
  const std::uint8_t stream = payload.stream;
  if (off_[stream]) return false;
  if (closed_[stream]) {
    const bool begins = payload.offset == 0 && (payload.key_frame || !video_[stream]);
    if (!begins || (earliest_ && !not_earlier(payload.presentation_time, *earliest_))) return false;
    closed_[stream] = false;
  }
  return !thinned_[stream] || payload.key_frame || !video_[stream];
}

asf::Kept StreamGate::pass(Bytes packet, std::vector<std::byte>& edited) {
  return asf::keep_payloads(
      packet, [this](const asf::Payload& payload) { return wants(payload); }, edited);
}

}  // namespace wmpush::pubpoint
