// The latest packets of what is on air, from a key frame on: what a packager begins with.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>

#include "pubpoint/point/stream_item.hpp"

namespace wmpush::pubpoint {

class Backlog {
 public:
  /// Keeps the newest key frame that is at least `time` old and what comes behind it, if that is
  /// not more than `size` bytes: else it begins with a later key frame.
  Backlog(std::chrono::milliseconds time, std::size_t size) : time_(time), size_(size) {}

  void push(std::shared_ptr<const Packet> packet);
  void clear();
  /// Empty, or the first one has a key frame.
  const std::deque<std::shared_ptr<const Packet>>& packets() const { return packets_; }

 private:
  void drop_to_next_start();

  std::chrono::milliseconds time_;
  std::size_t size_;
  std::deque<std::shared_ptr<const Packet>> packets_;
  std::size_t bytes_ = 0;
};

}  // namespace wmpush::pubpoint
