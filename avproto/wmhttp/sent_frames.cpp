#include "wmhttp/sent_frames.hpp"

#include <algorithm>

namespace wmpush::wmhttp {
namespace {

/// Takes the room of what is gone from the front of a queue, when that is worth the move.
template <class T>
void compact(std::vector<T>& queue, std::size_t& first) {
  if (first < queue.size() - first) return;
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(first));
  first = 0;
}

}  // namespace

void SentFrames::begin(std::uint64_t offset, std::size_t limit, std::size_t length) {
  beginning_ = offset;
  limit_ = limit;
  whole_ = true;
  trim();
  // The path of a packet is to take no memory: nearly none is smaller than kSmall.
  constexpr std::size_t kSmall = 256;
  const std::size_t most = std::min({limit, length, kMaxReplay});
  bytes_.reserve(bytes_.size() + most);
  records_.reserve(records_.size() + most / kSmall);
}

void SentFrames::add(const PendingFrame& frame, std::uint64_t end) {
  if (frame.id == FrameId::Filler) return;
  if (end - beginning_ > limit_) whole_ = false;
  if (!whole_ && !until_acknowledged_) {
    if (!bytes_.empty()) clear();
    return;
  }
  push(frame, end);
  trim();
}

void SentFrames::push(const PendingFrame& frame, std::uint64_t end) {
  compact(bytes_, first_byte_);
  compact(records_, first_);
  append(bytes_, frame.head);
  append(bytes_, frame.rest);
  records_.push_back({end, frame.reason, static_cast<std::uint32_t>(frame.payload()), frame.id});
}

void SentFrames::skip_to(std::uint64_t offset) {
  while (!empty() && front_end() <= offset) drop_front();
}

void SentFrames::take_over(SentFrames& others) {
  for (; !others.empty(); others.pop_front())
    push(others.front(), std::numeric_limits<std::uint64_t>::max());
}

void SentFrames::acknowledge(std::uint64_t offset, std::size_t unread) {
  acknowledged_ = std::max(acknowledged_, offset);
  if (offset > unread) unread_from_ = std::max(unread_from_, offset - unread);
  trim();
  next_look_ = bytes_.size() - first_byte_ + kLookEvery;
}

/// Frames in front of the PushStart, and those of one that needs no repetition, stay until they are
/// acknowledged, or are too many.
void SentFrames::trim() {
  while (!empty()) {
    const std::uint64_t end = front_end();
    const bool kept_for_its_start = whole_ && end > beginning_;
    const bool kept_until_acknowledged = until_acknowledged_ && end > acknowledged_ &&
                                         bytes_.size() - first_byte_ <= kMaxUnacknowledged;
    if (kept_for_its_start || kept_until_acknowledged) break;
    drop_front();
  }
  while (first_dropped_ < dropped_.size() && dropped_[first_dropped_] <= unread_from_)
    ++first_dropped_;
}

void SentFrames::drop_front() {
  if (records_[first_].id == FrameId::Data && until_acknowledged_ && front_end() > unread_from_) {
    compact(dropped_, first_dropped_);
    dropped_.push_back(front_end());
  }
  pop_front();
}

std::uint64_t SentFrames::at_risk(std::uint64_t offset, std::size_t unread) const noexcept {
  const std::uint64_t read = std::max(unread_from_, offset > unread ? offset - unread : 0);
  std::uint64_t count = 0;
  for (std::size_t i = first_dropped_; i < dropped_.size(); ++i) count += dropped_[i] > read;
  for (std::size_t i = first_; i < records_.size(); ++i)
    count += records_[i].id == FrameId::Data && records_[i].end > read && records_[i].end <= offset;
  return count;
}

PendingFrame SentFrames::front() const {
  const Record& record = records_[first_];
  return {record.id, record.reason, {}, Bytes(bytes_).subspan(first_byte_, record.payload)};
}

std::size_t SentFrames::largest() const {
  std::size_t size = 0;
  for (std::size_t i = first_; i < records_.size(); ++i)
    size = std::max(size, frame_head_size(records_[i].id) + records_[i].payload);
  return size;
}

std::uint64_t SentFrames::packets_behind(std::uint64_t offset) const noexcept {
  std::uint64_t count = 0;
  for (std::size_t i = first_; i < records_.size(); ++i)
    count += records_[i].id == FrameId::Data && records_[i].end > offset;
  return count;
}

void SentFrames::pop_front() {
  const PendingFrame frame = front();
  const bool is_header = frame.id == FrameId::Header || frame.id == FrameId::StreamChange;
  if (is_header && until_acknowledged_) header_.assign(frame.rest.begin(), frame.rest.end());
  first_byte_ += records_[first_].payload;
  ++first_;
}

void SentFrames::clear() {
  while (!empty()) drop_front();
  records_.clear();
  std::vector<std::byte>().swap(bytes_);
  dropped_.clear();
  first_ = first_byte_ = first_dropped_ = 0;
  beginning_ = acknowledged_ = unread_from_ = 0;
  whole_ = false;
  next_look_ = kLookEvery;
}

}  // namespace wmpush::wmhttp
