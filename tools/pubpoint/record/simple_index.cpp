#include "pubpoint/record/simple_index.hpp"

#include <algorithm>

namespace wmpush::pubpoint {

void SimpleIndex::allow(std::size_t entries) { allowed_ = std::max(allowed_, entries); }

void SimpleIndex::halve() {
  const std::size_t left = (entries_.size() + 1) / 2;
  for (std::size_t i = 1; i < left; ++i) entries_[i] = entries_[2 * i];
  entries_.resize(left);
  interval_ *= 2;
}

void SimpleIndex::fill_before(std::uint64_t time) {
  while (entries_.size() * interval_ < time) {
    if (entries_.size() >= allowed_)
      halve();
    else
      entries_.push_back(current_);
  }
}

void SimpleIndex::begin_key_frame(std::uint64_t time, std::uint32_t packet, std::uint32_t object) {
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

void SimpleIndex::advance(std::uint64_t time) { last_time_ = std::max(last_time_, time); }

std::vector<std::byte> SimpleIndex::take(const asf::Guid& file_id) {
  fill_before(last_time_ + 1);
  std::uint16_t largest = 0;
  for (const Entry& entry : entries_) largest = std::max(largest, entry.count);

  ByteWriter writer;
  writer.bytes(asf::kSimpleIndex);
  const auto size = writer.reserve<std::uint64_t>();
  writer.bytes(file_id);
  writer.u64(interval_ * 10'000);
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
