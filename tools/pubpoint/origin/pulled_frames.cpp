#include "pubpoint/origin/pulled_frames.hpp"

#include <algorithm>
#include <utility>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kHead = 4;       // mark, id, PacketLength
constexpr std::size_t kMmsHeader = 8;  // LocationId, Incarnation, AFFlags, PacketSize
constexpr std::uint8_t kFirstPiece = 4;
constexpr std::uint8_t kLastPiece = 8;
constexpr std::uint32_t kNextEntry = 1;

}  // namespace

PulledFrameReader::Status PulledFrameReader::fail(std::string why) {
  fault_ = std::move(why);
  return Status::Broken;
}

PulledFrameReader::Status PulledFrameReader::next(Bytes& input, PulledFrame& frame) {
  if (std::exchange(given_, false)) kept_.clear();
  if (std::exchange(header_given_, false)) header_.clear();
  for (;;) {
    const auto fill = [&](std::size_t size) {
      const Bytes taken = input.first(std::min(input.size(), size - kept_.size()));
      kept_.insert(kept_.end(), taken.begin(), taken.end());
      input = input.subspan(taken.size());
      return kept_.size() == size;
    };
    if (kept_.size() < kHead && !fill(kHead)) return Status::NeedMore;
    const auto mark = std::to_integer<std::uint8_t>(kept_[0]);
    if ((mark & 0x7F) != '$') return fail("it sent something else than a stream of MMS over HTTP");
    if (!fill(kHead + load_le<std::uint16_t>(kept_, 2))) return Status::NeedMore;
    const Status status = take(kept_, frame);
    if (status != Status::NeedMore) {
      given_ = true;
      return status;
    }
    kept_.clear();
  }
}

/// NeedMore: it is none to be given out.
PulledFrameReader::Status PulledFrameReader::take(Bytes frame, PulledFrame& taken) {
  const auto id = static_cast<char>(frame[1]);
  const Bytes body = frame.subspan(kHead);
  switch (id) {
    case 'H':
      return take_header(body, taken);
    case 'D':
      if (body.size() < kMmsHeader) return fail("it sent a packet without its head");
      taken = {PulledFrame::What::Packet, 0, body.subspan(kMmsHeader)};
      return Status::Frame;
    case 'E': {
      if (body.size() < 4) return fail("it sent an end without its reason");
      const auto reason = load_le<std::uint32_t>(body, 0);
      if (reason == kNextEntry) return Status::NeedMore;
      taken = {PulledFrame::What::End, reason, {}};
      return Status::Frame;
    }
    case 'C':
    case 'M':
    case 'P':
      return Status::NeedMore;
    default:
      return fail("it sent a frame of no kind that is known");
  }
}

PulledFrameReader::Status PulledFrameReader::take_header(Bytes body, PulledFrame& taken) {
  if (body.size() < kMmsHeader) return fail("it sent a header without its head");
  const auto flags = std::to_integer<std::uint8_t>(body[5]);
  const Bytes piece = body.subspan(kMmsHeader);
  if ((flags & kFirstPiece) != 0) header_.clear();
  if (header_.size() + piece.size() > kMostHeader)
    return fail("it sent a header of more than " + std::to_string(kMostHeader) + " bytes");
  header_.insert(header_.end(), piece.begin(), piece.end());
  if ((flags & kLastPiece) == 0) return Status::NeedMore;
  header_given_ = true;
  taken = {PulledFrame::What::Header, 0, header_};
  return Status::Frame;
}

}  // namespace wmpush::pubpoint
