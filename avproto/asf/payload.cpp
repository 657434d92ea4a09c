#include "asf/payload.hpp"

namespace wmpush::asf {

PayloadReader::PayloadReader(Bytes packet, const DataPacket& head)
    : reader_(packet.first(packet.size() - head.padding)),
      property_flags_(head.property_flags),
      multiple_(head.multiple_payloads),
      payload_length_type_(head.payload_length_type),
      left_(head.payload_count),
      send_time_(head.send_time) {
  reader_.seek(head.payloads);
}

std::uint32_t PayloadReader::typed(unsigned type) {
  switch (type & 3) {
    case 1:
      return reader_.u8();
    case 2:
      return reader_.u16();
    case 3:
      return reader_.u32();
    default:
      return 0;
  }
}

bool PayloadReader::fail() {
  ok_ = false;
  return false;
}

bool PayloadReader::next_shared(Payload& payload) {
  ByteReader objects(shared_.data);
  const std::size_t size = objects.u8();
  const Bytes data = objects.bytes(size);
  if (!objects.ok()) return fail();
  payload = shared_;
  payload.data = data;
  payload.media_object_size = static_cast<std::uint32_t>(size);
  shared_.data = shared_.data.subspan(1 + size);
  ++shared_.media_object;
  shared_.presentation_time += shared_step_;
  return true;
}

bool PayloadReader::next(Payload& payload) {
  if (!ok()) return false;
  if (!shared_.data.empty()) return next_shared(payload);
  if (left_ == 0) return false;
  --left_;

  payload = Payload{};
  payload.at = reader_.position();
  const unsigned stream = reader_.u8();
  payload.stream = static_cast<std::uint8_t>(stream & 0x7F);
  payload.key_frame = (stream & 0x80) != 0;
  payload.media_object = typed(property_flags_ >> 4);
  const std::size_t offset_at = reader_.position();
  payload.offset = typed(property_flags_ >> 2);
  const std::size_t replicated_size = typed(property_flags_);
  const bool compressed = replicated_size == 1;
  payload.presentation_time = send_time_;
  if (compressed) {
    payload.presentation_time = payload.offset;
    payload.presentation_time_at = (property_flags_ >> 2 & 3) == 3 ? offset_at : 0;
    payload.offset = 0;
    shared_step_ = reader_.u8();
  } else if (replicated_size >= 8) {
    payload.presentation_time_at = reader_.position() + 4;
    ByteReader replicated(reader_.bytes(replicated_size));
    payload.media_object_size = replicated.u32();
    payload.presentation_time = replicated.u32();
  } else if (replicated_size != 0) {
    return fail();
  }
  const std::size_t size = multiple_ ? typed(payload_length_type_) : reader_.remaining();
  payload.data = reader_.bytes(size);
  payload.size = reader_.position() - payload.at;
  if (!reader_.ok()) return false;
  if (!compressed) return true;
  shared_ = payload;
  return shared_.data.empty() ? fail() : next_shared(payload);
}

}  // namespace wmpush::asf
