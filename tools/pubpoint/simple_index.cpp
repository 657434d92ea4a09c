#include "pubpoint/simple_index.hpp"

#include <algorithm>

namespace wmpush::pubpoint {

void SimpleIndex::fill_before(std::uint64_t time) {
  while (entries_.size() < kMaxEntries && entries_.size() * std::uint64_t{kInterval} < time)
    entries_.push_back(current_);
}

void SimpleIndex::begin_key_frame(std::uint32_t time, std::uint32_t packet, std::uint32_t object) {
  if (seen_ && time < current_time_) return;  // times that go back are of no use to a seeker
  // The seconds before the first key frame lead to it, too: there is nothing earlier to show.
  if (seen_) fill_before(time);
  current_ = {packet, 1};
  current_object_ = object;
  current_time_ = time;
  seen_ = true;
}

void SimpleIndex::note_part(std::uint32_t packet, std::uint32_t object) {
  if (!seen_ || object != current_object_ || packet < current_.packet) return;
  const std::uint32_t count = packet - current_.packet + 1;
  // Media object numbers wrap around: only the packets that follow at once belong to it.
  if (count == current_.count + 1u && count <= 0xFFFF)
    current_.count = static_cast<std::uint16_t>(count);
}

void SimpleIndex::advance(std::uint32_t time) { last_time_ = std::max(last_time_, time); }

std::vector<std::byte> SimpleIndex::take(const asf::Guid& file_id) {
  fill_before(std::uint64_t{last_time_} + 1);
  std::uint16_t largest = 0;
  for (const Entry& entry : entries_) largest = std::max(largest, entry.count);

  ByteWriter writer;
  writer.bytes(asf::kSimpleIndex);
  const auto size = writer.reserve<std::uint64_t>();
  writer.bytes(file_id);
  writer.u64(std::uint64_t{kInterval} * 10'000);
  writer.u32(largest);
  writer.u32(static_cast<std::uint32_t>(entries_.size()));
  for (const Entry& entry : entries_) {
    writer.u32(entry.packet);
    writer.u16(entry.count);
  }
  writer.set(size, std::uint64_t{writer.size()});
  return writer.take();
}

}  // namespace wmpush::pubpoint
