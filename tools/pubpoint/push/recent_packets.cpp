#include "pubpoint/push/recent_packets.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace wmpush::pubpoint {
namespace {

/// As many as fit into what a client can have under way: 16 MiB in small packets.
constexpr std::size_t kMost = 65536;

}  // namespace

void RecentPackets::forget() {
  hashes_.clear();
  next_ = 0;
  run_may_begin_ = false;
}

void RecentPackets::resume() { run_may_begin_ = true; }

bool RecentPackets::repeats(Bytes packet) {
  const std::uint64_t hash = std::hash<std::string_view>()(as_text(packet));
  if (is_next_of_run(hash)) return true;
  if (hashes_.size() == kMost) hashes_.pop_front();
  hashes_.push_back(hash);
  next_ = hashes_.size();
  return false;
}

bool RecentPackets::is_next_of_run(std::uint64_t packet) {
  if (std::exchange(run_may_begin_, false)) {
    const auto last = std::find(hashes_.rbegin(), hashes_.rend(), packet);
    if (last == hashes_.rend()) return false;
    next_ = hashes_.size() - static_cast<std::size_t>(last - hashes_.rbegin());
    return true;
  }
  if (next_ >= hashes_.size() || hashes_[next_] != packet) return false;
  ++next_;
  return true;
}

}  // namespace wmpush::pubpoint
