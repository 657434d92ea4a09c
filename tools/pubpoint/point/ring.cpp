#include "pubpoint/point/ring.hpp"

#include <algorithm>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kMost = 4;  // times the queue

}  // namespace

void Ring::push(Item item) {
  if (item.packet) {
    now_ = item.packet->send_time;
    if (item.packet->starts) starts_.push_back({end(), now_});
  } else {
    header_ = item.header;
    last_change_ = end();
    starts_.clear();
  }
  const std::size_t size = item.size();
  items_.push_back({std::move(item), bytes_});
  bytes_ += size;
  // Older than the queue of the slowest viewer and not what a new one begins with.
  while (bytes_from(first_) > queue_ && first_ < start()) drop_front();
  while (bytes_from(first_) > kMost * queue_) drop_front();
}

void Ring::drop_front() {
  items_.pop_front();
  ++first_;
  while (!starts_.empty() && starts_.front().number < first_) starts_.pop_front();
}

std::uint64_t Ring::bytes_from(std::uint64_t number) const {
  if (number >= end()) return 0;
  return bytes_ - items_[std::max(number, first_) - first_].before;
}

std::uint64_t Ring::start() const {
  if (starts_.empty()) return end();
  const std::uint64_t preroll = header_ ? header_->parsed.preroll : 0;
  for (auto start = starts_.rbegin(); start != starts_.rend(); ++start)
    if (now_ - start->send_time >= preroll) return start->number;
  return starts_.front().number;
}

}  // namespace wmpush::pubpoint
