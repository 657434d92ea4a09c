#include "pubpoint/hls/backlog.hpp"

#include <algorithm>
#include <utility>

namespace wmpush::pubpoint {
namespace {

bool starts(const std::shared_ptr<const Packet>& packet) { return packet->starts; }

}  // namespace

void Backlog::push(std::shared_ptr<const Packet> packet) {
  if (packets_.empty() && !packet->starts) return;
  const bool is_start = packet->starts;
  const std::uint32_t now = packet->send_time;
  bytes_ += packet->whole.size();
  packets_.push_back(std::move(packet));
  while (bytes_ > size_ && !packets_.empty()) drop_to_next_start();
  if (!is_start) return;
  for (;;) {
    const auto second = std::find_if(packets_.begin() + 1, packets_.end(), starts);
    if (second == packets_.end() || now - (*second)->send_time < time_.count()) return;
    drop_to_next_start();
  }
}

void Backlog::drop_to_next_start() {
  do {
    bytes_ -= packets_.front()->whole.size();
    packets_.pop_front();
  } while (!packets_.empty() && !packets_.front()->starts);
}

void Backlog::clear() {
  packets_.clear();
  bytes_ = 0;
}

}  // namespace wmpush::pubpoint
