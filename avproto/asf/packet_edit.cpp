#include "asf/packet_edit.hpp"

namespace wmpush::asf {

bool shift_times(MutableBytes packet, std::uint32_t shift) {
  DataPacket head;
  if (!DataPacket::parse(packet, head)) return false;
  PayloadReader payloads(packet, head);
  std::size_t shifted_at = 0;
  for (Payload payload; payloads.next(payload);) {
    const std::size_t at = payload.presentation_time_at;
    if (at == 0 || at == shifted_at) continue;
    store_le(packet, at, load_le<std::uint32_t>(packet, at) + shift);
    shifted_at = at;
  }
  store_le(packet, head.padding_length_at + head.padding_length_size, head.send_time + shift);
  return true;
}

Kept keep_payloads(Bytes packet, const std::function<bool(const Payload&)>& wanted,
                   std::vector<std::byte>& edited) {
  DataPacket head;
  if (!DataPacket::parse(packet, head)) return Kept::None;
  edited.assign(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(head.payloads));
  PayloadReader payloads(packet, head);
  unsigned all = 0;
  unsigned kept = 0;
  std::size_t last = 0;
  for (Payload payload; payloads.next(payload);) {
    if (payload.at == last) continue;
    last = payload.at;
    ++all;
    if (!wanted(payload)) continue;
    ++kept;
    append(edited, packet.subspan(payload.at, payload.size));
  }
  if (kept == all) return Kept::All;
  if (kept == 0) return Kept::None;
  const auto put = [&](std::size_t at, std::size_t size, std::size_t value) {
    for (std::size_t i = 0; i < size; ++i) edited[at + i] = static_cast<std::byte>(value >> 8 * i);
  };
  // The count shares its byte with the type of the payloads' lengths.
  std::byte& count = edited[head.payloads - 1];
  count = (count & std::byte{0xC0}) | static_cast<std::byte>(kept);
  put(head.packet_length_at, head.packet_length_size, edited.size());
  put(head.padding_length_at, head.padding_length_size, 0);
  return Kept::Some;
}

}  // namespace wmpush::asf
