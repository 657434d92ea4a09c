#include "wmhttp/frame.hpp"

namespace wmpush::wmhttp {
namespace {

/// Limits of the payload of each kind of frame; 0 for an id that is none.
std::size_t payload_limit(FrameId id) {
  switch (id) {
    case FrameId::Header:
      return kMaxHeaderPayload;
    case FrameId::Data:
      return kMaxPacketLength;
    case FrameId::End:
      return 0;
    case FrameId::StreamChange:
      return kMaxStreamChangePayload;
    case FrameId::Filler:
      return kMaxFillerPayload;
  }
  return 0;
}

bool known(FrameId id) {
  switch (id) {
    case FrameId::Header:
    case FrameId::Data:
    case FrameId::End:
    case FrameId::StreamChange:
    case FrameId::Filler:
      return true;
  }
  return false;
}

std::string rule_of(FrameId id) {
  switch (id) {
    case FrameId::Header:
      return "F02";
    case FrameId::Data:
      return "F03";
    case FrameId::End:
      return "F04";
    case FrameId::StreamChange:
      return "F05";
    case FrameId::Filler:
      return "F06";
  }
  return "F01";
}

std::string text_of(FrameId id) { return std::string("$") + static_cast<char>(id); }

}  // namespace

std::size_t write_frame_head(FrameId id, std::size_t payload, std::uint32_t reason,
                             MutableBytes to) {
  const std::size_t head = frame_head_size(id);
  to[0] = kFrameMark;
  to[1] = static_cast<std::byte>(id);
  store_le(to, 2, static_cast<std::uint16_t>(payload + head - 4));
  if (has_reason(id)) store_le(to, 4, reason);
  return head;
}

FrameReader::Status FrameReader::fail(std::string breach) {
  breach_ = std::move(breach);
  return Status::Breach;
}

std::size_t FrameReader::size_of_first(Bytes bytes) {
  if (bytes.empty()) return 0;
  if (bytes[0] != kFrameMark) {
    fail(bytes[0] == std::byte{0xA4} ? "F01: the B bit of a frame is set"
                                     : "F01: a frame does not begin with '$'");
    return 0;
  }
  if (bytes.size() < 2) return 0;
  const auto id = static_cast<FrameId>(bytes[1]);
  if (!known(id)) {
    fail("F01: a frame has an unknown id");
    return 0;
  }
  if (bytes.size() < 4) return 0;
  const std::size_t size = load_le<std::uint16_t>(bytes, 2) + std::size_t{4};
  const std::size_t head = frame_head_size(id);
  if (size < head) {
    fail(rule_of(id) + ": a " + text_of(id) + " without its Reason");
    return 0;
  }
  if (size - head > payload_limit(id)) {
    fail(rule_of(id) + ": a " + text_of(id) + " with " + std::to_string(size - head) +
         " bytes of payload");
    return 0;
  }
  return size;
}

FrameReader::Status FrameReader::next(Bytes& input, Frame& frame) {
  if (!breach_.empty()) return Status::Breach;
  if (given_ > 0) {
    buffer_.clear();
    given_ = 0;
  }

  Bytes whole;
  if (buffer_.empty()) {
    // Most frames lie whole in the input: those are not copied.
    const std::size_t size = size_of_first(input);
    if (!breach_.empty()) return Status::Breach;
    if (size > 0 && size <= input.size()) {
      whole = input.first(size);
      input = input.subspan(size);
    }
  }
  while (whole.empty()) {
    // As much as shows how long the frame is, then as much as it needs.
    const std::size_t size = size_of_first(buffer_);
    if (!breach_.empty()) return Status::Breach;
    if (size > 0 && size == buffer_.size()) {
      whole = buffer_;
      given_ = size;
      break;
    }
    const std::size_t wanted = size > 0 ? size - buffer_.size() : 1;
    const std::size_t taken = std::min(wanted, input.size());
    if (taken == 0) return Status::NeedMore;
    append(buffer_, input.first(taken));
    input = input.subspan(taken);
  }

  frame.id = static_cast<FrameId>(whole[1]);
  frame.reason = has_reason(frame.id) ? load_le<std::uint32_t>(whole, 4) : 0;
  frame.payload = whole.subspan(frame_head_size(frame.id));
  if (frame.id == FrameId::StreamChange && frame.reason != 0)
    return fail("F05: a $C with a Reason other than 0");
  if (frame.id == FrameId::Filler &&
      std::any_of(frame.payload.begin(), frame.payload.end(),
                  [](std::byte byte) { return byte != std::byte{0}; }))
    return fail("F06: a $F that is not all zeros");
  return Status::Frame;
}

std::string FrameOrder::accept(FrameId id, std::uint32_t reason) {
  const bool last = id == FrameId::End && reason != kReasonNextEntry;
  const auto breach = [&](std::string_view where) {
    return "F08: " + text_of(id) + " " + std::string(where);
  };
  switch (place_) {
    case Place::Start:
      if (id != FrameId::Header)
        return "F02: the session does not begin with $H but with " + text_of(id);
      place_ = Place::Entry;
      return {};
    case Place::Entry:
      if (id == FrameId::Header) return "F02: a second $H";
      if (id == FrameId::StreamChange) return breach("without an $E(1) before it");
      if (id == FrameId::End) place_ = last ? Place::Ended : Place::BetweenEntries;
      return {};
    case Place::BetweenEntries:
      if (id == FrameId::Header) return "F02: a second $H";
      if (id == FrameId::Data) return breach("between $E(1) and $C");
      if (id == FrameId::StreamChange) place_ = Place::Entry;
      if (last) place_ = Place::Ended;
      return {};
    case Place::Ended:
      return breach("after the end of the stream");
  }
  return {};
}

}  // namespace wmpush::wmhttp
