#include "wmhttp/frame_log.hpp"

#include <algorithm>
#include <utility>

namespace wmpush::wmhttp {
namespace {

/// Several small packets, or one of the largest that are common.
constexpr std::size_t kBlockSize = 32 * 1024;

/// Takes the room of what is gone from the front of a queue, when that is worth the move. Returns
/// by how much the rest has moved.
template <class T>
std::size_t compacted(std::vector<T>& queue, std::size_t first) {
  if (first == 0 || first < queue.size() - first) return 0;
  queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(first));
  return first;
}

}  // namespace

// ---------------------------------------------------------------------------------------------

void BlockStore::make_room(std::size_t size) {
  if (!blocks_.empty() && blocks_.back()->frames == 0) {
    blocks_.back()->used = 0;
    if (blocks_.back()->size < size) blocks_.pop_back();
  }
  if (!blocks_.empty() && blocks_.back()->size - blocks_.back()->used >= size) return;
  if (!spare_ || spare_->size < size) {
    spare_ = std::make_unique<Block>();
    spare_->size = std::max(size, kBlockSize);
    spare_->bytes.reset(new std::byte[spare_->size]);  // untouched, and so not there, until used
  }
  spare_->used = 0;
  blocks_.push_back(std::move(spare_));
}

MutableBytes BlockStore::take(std::size_t size, Block*& block) {
  make_room(size);
  block = blocks_.back().get();
  const MutableBytes room(block->bytes.get() + block->used, size);
  block->used += size;
  ++block->frames;
  return room;
}

void BlockStore::give_back(Block* block) noexcept {
  if (--block->frames > 0 || block == blocks_.back().get()) return;
  const auto found = std::ranges::find(blocks_, block, &std::unique_ptr<Block>::get);
  if (block->size == kBlockSize) spare_ = std::move(*found);
  blocks_.erase(found);
}

// ---------------------------------------------------------------------------------------------

void UnreadPackets::add(std::uint64_t end) {
  if (end <= read_) return;
  first_ -= compacted(groups_, first_);
  if (groups_.size() - first_ == kMost) merge_neighbours();
  groups_.push_back({end, 1});
}

/// Nobody tells what a proxy has read, for as long as the connection lasts.
void UnreadPackets::merge_neighbours() {
  std::size_t to = 0;
  for (std::size_t from = first_; from < groups_.size(); from += 2) {
    Group group = groups_[from];
    if (from + 1 < groups_.size()) {
      group.end = groups_[from + 1].end;
      group.packets += groups_[from + 1].packets;
    }
    groups_[to++] = group;
  }
  groups_.resize(to);
  first_ = 0;
}

void UnreadPackets::read_to(std::uint64_t offset) {
  read_ = std::max(read_, offset);
  while (first_ < groups_.size() && groups_[first_].end <= read_) ++first_;
}

std::uint64_t UnreadPackets::behind(std::uint64_t offset) const noexcept {
  std::uint64_t packets = 0;
  for (std::size_t i = groups_.size(); i > first_ && groups_[i - 1].end > offset; --i)
    packets += groups_[i - 1].packets;
  return packets;
}

// ---------------------------------------------------------------------------------------------
// What is to be written

FrameLog::Record FrameLog::make(FrameId id, std::uint32_t reason, Bytes head, Bytes rest) {
  const std::size_t front = frame_head_size(id);
  const std::size_t payload = head.size() + rest.size();
  Record record{};
  const MutableBytes wire = store_.take(front + payload, record.block);
  write_frame_head(id, payload, reason, wire);
  std::ranges::copy(head, wire.begin() + static_cast<std::ptrdiff_t>(front));
  std::ranges::copy(rest, wire.begin() + static_cast<std::ptrdiff_t>(front + head.size()));
  record.wire = wire.data();
  record.size = static_cast<std::uint32_t>(wire.size());
  record.reason = reason;
  record.id = id;
  return record;
}

void FrameLog::append(FrameId id, std::uint32_t reason, Bytes head, Bytes rest) {
  compact();
  make_room();
  records_.push_back(make(id, reason, head, rest));
  bytes_ += records_.back().size;
  unsent_ += records_.back().size;
  if (id == FrameId::Header || id == FrameId::StreamChange)
    newest_header_size_ = head.size() + rest.size();
}

/// For one record more, so that adding it cannot fail.
void FrameLog::make_room() {
  if (records_.size() == records_.capacity()) records_.reserve(2 * records_.size() + 16);
}

LoggedFrame FrameLog::at(std::size_t index) const {
  const Record& record = records_[index];
  return {record.id, record.reason, record.again, Bytes(record.wire, record.size)};
}

void FrameLog::wrote(std::uint64_t end) {
  Record& record = records_[written_++];
  record.end = end;
  if (end - here_.beginning > here_.limit) here_.whole = false;
}

std::size_t FrameLog::largest_pending() const {
  std::size_t size = 0;
  for (std::size_t i = written_; i < records_.size(); ++i)
    size = std::max<std::size_t>(size, records_[i].size);
  return size;
}

std::size_t FrameLog::pending_bytes() const {
  std::size_t size = 0;
  for (std::size_t i = written_; i < records_.size(); ++i) size += records_[i].size;
  return size;
}

void FrameLog::begin_with_header() {
  // Everything in front has been forgotten with the session that it was for.
  if (pending() && records_[written_].id == FrameId::Header) return;
  // An entry that is over at once need not begin.
  const bool changes = written_ + 1 < records_.size() && records_[written_].id == FrameId::End &&
                       records_[written_ + 1].id == FrameId::StreamChange;
  if (changes) pop_front();
  if (pending() && records_[written_].id == FrameId::StreamChange) {
    const Record header = make(FrameId::Header, 0, {}, at(written_).payload());
    Record& record = records_[written_];
    store_.give_back(record.block);
    bytes_ -= record.size - header.size;
    unsent_ -= record.size - header.size;
    record = header;
    return;
  }
  make_room();
  const Record header = make(FrameId::Header, 0, {}, header_);
  records_.insert(records_.begin() + static_cast<std::ptrdiff_t>(written_), header);
  bytes_ += header.size;
  unsent_ += header.size;
}

// ---------------------------------------------------------------------------------------------
// What has been written

void FrameLog::begin(std::uint64_t offset, std::size_t limit, std::size_t length) {
  here_.beginning = offset;
  here_.limit = limit;
  here_.whole = true;
  trim();
  // The path of a packet is to take no memory: nearly none is smaller than kSmall.
  constexpr std::size_t kSmall = 256;
  const std::size_t most = std::min({limit, length, kMaxReplay});
  if (most > kBlockSize) store_.make_room(most);
  compact();
  records_.reserve(records_.size() + most / kSmall);
}

std::uint64_t FrameLog::sent(std::uint64_t offset) {
  std::uint64_t packets = 0;
  for (; sent_ < written_ && records_[sent_].end <= offset; ++sent_) {
    unsent_ -= records_[sent_].size;
    if (is_packet(sent_) && !std::exchange(records_[sent_].counted, true)) ++packets;
  }
  trim();
  return packets;
}

void FrameLog::acknowledge(std::uint64_t offset, std::size_t unread) {
  here_.acknowledged = std::max(here_.acknowledged, offset);
  if (offset > unread) here_.unread.read_to(offset - unread);
  trim();
  here_.next_look = bytes_ + kLookEvery;
}

/// Frames in front of the PushStart, and those of one that needs no repetition, stay until they are
/// acknowledged, or are too many; and none goes before our kernel has it.
void FrameLog::trim() {
  while (first_ < sent_) {
    const std::uint64_t end = records_[first_].end;
    const bool kept_for_its_start = here_.whole && end > here_.beginning;
    const bool kept_until_acknowledged =
        until_acknowledged_ && end > here_.acknowledged && bytes_ <= kMaxUnacknowledged;
    if (kept_for_its_start || kept_until_acknowledged) break;
    drop_front();
  }
}

void FrameLog::drop_front() {
  if (is_packet(first_) && until_acknowledged_) here_.unread.add(records_[first_].end);
  pop_front();
}

void FrameLog::pop_front() {
  Record& record = records_[first_];
  if (record.id == FrameId::Header || record.id == FrameId::StreamChange) {
    const Bytes payload = at(first_).payload();
    header_.assign(payload.begin(), payload.end());
  }
  bytes_ -= record.size;
  if (first_ >= sent_) unsent_ -= record.size;
  store_.give_back(record.block);
  ++first_;
  written_ = std::max(written_, first_);
  sent_ = std::max(sent_, first_);
}

void FrameLog::compact() {
  const std::size_t moved = compacted(records_, first_);
  first_ -= moved;
  written_ -= moved;
  sent_ -= moved;
}

void FrameLog::forget_written() {
  while (first_ < written_) pop_front();
  here_ = {};
}

// ---------------------------------------------------------------------------------------------
// After a loss

std::uint64_t FrameLog::unread_packets(std::uint64_t offset, std::size_t unread) const noexcept {
  const std::uint64_t read = std::max(here_.unread.read(), offset > unread ? offset - unread : 0);
  std::uint64_t count = here_.unread.behind(read);
  for (std::size_t i = first_; i < written_; ++i)
    count += is_packet(i) && records_[i].end > read && records_[i].end <= offset;
  return count;
}

std::uint64_t FrameLog::at_risk(std::uint64_t offset, std::size_t unread) const noexcept {
  std::uint64_t count = unread_packets(offset, unread);
  for (std::size_t i = first_; i < records_.size(); ++i)
    count += is_packet(i) && (i >= written_ || records_[i].end > offset);
  return count;
}

std::uint64_t FrameLog::rewind(std::uint64_t offset, std::size_t unread) {
  const std::uint64_t risk = until_acknowledged_ ? unread_packets(offset, unread) : 0;
  while (first_ < written_ && records_[first_].end <= offset) pop_front();
  for (std::size_t i = first_; i < written_; ++i) {
    records_[i].again = true;
    if (i < sent_) unsent_ += records_[i].size;
  }
  written_ = sent_ = first_;
  here_ = {};
  return risk;
}

void FrameLog::clear() noexcept {
  records_.clear();
  store_ = {};
  first_ = written_ = sent_ = bytes_ = unsent_ = 0;
  here_ = {};
}

}  // namespace wmpush::wmhttp
