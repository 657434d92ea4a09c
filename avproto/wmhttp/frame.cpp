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

FrameReader::Status FrameReader::next(Bytes& input, Frame& frame) {
  if (!breach_.empty()) return Status::Breach;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(given_));
  given_ = 0;

  const auto fill_to = [&](std::size_t size) {
    const std::size_t wanted = size > buffer_.size() ? size - buffer_.size() : 0;
    const std::size_t taken = std::min(wanted, input.size());
    append(buffer_, input.first(taken));
    input = input.subspan(taken);
    return buffer_.size() >= size;
  };

  if (!fill_to(1)) return Status::NeedMore;
  if (buffer_[0] != kFrameMark)
    return fail(buffer_[0] == std::byte{0xA4} ? "F01: the B bit of a frame is set"
                                              : "F01: a frame does not begin with '$'");
  if (!fill_to(2)) return Status::NeedMore;
  const auto id = static_cast<FrameId>(buffer_[1]);
  if (!known(id)) return fail("F01: a frame has an unknown id");
  if (!fill_to(4)) return Status::NeedMore;
  const std::size_t length = load_le<std::uint16_t>(buffer_, 2);
  const std::size_t head = frame_head_size(id);
  if (length + 4 < head) return fail(rule_of(id) + ": a " + text_of(id) + " without its Reason");
  const std::size_t payload = length + 4 - head;
  if (payload > payload_limit(id))
    return fail(rule_of(id) + ": a " + text_of(id) + " with " + std::to_string(payload) +
                " bytes of payload");
  if (!fill_to(head + payload)) return Status::NeedMore;

  frame.id = id;
  frame.reason = has_reason(id) ? load_le<std::uint32_t>(buffer_, 4) : 0;
  frame.payload = Bytes(buffer_).subspan(head);
  given_ = buffer_.size();
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
