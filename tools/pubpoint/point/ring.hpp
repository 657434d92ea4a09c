// The latest part of a broadcast: what a viewer begins with, and what one that is slow still needs.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "pubpoint/point/stream_item.hpp"

namespace wmpush::pubpoint {

/// Items are numbered from 0 in the order in which they came, and kept as long as they may be
/// needed.
class Ring {
 public:
  /// Keeps at least `queue` bytes of packets where there are so many, and four times as much at
  /// most.
  explicit Ring(std::size_t queue) : queue_(queue) {}

  void push(Item item);
  /// From the next item on.
  void change_queue(std::size_t queue) { queue_ = queue; }

  std::uint64_t begin() const { return first_; }                ///< the oldest item that is here
  std::uint64_t end() const { return first_ + items_.size(); }  ///< the next one that will come
  const Item& at(std::uint64_t number) const { return items_[number - first_].item; }
  /// Bytes of the packets from `number` on, of all that came.
  std::uint64_t bytes_from(std::uint64_t number) const;

  /// The entry that is on air; null before the first, and after the end.
  const std::shared_ptr<const EntryHeader>& header() const { return header_; }
  /// The number of the last item that was no packet; 0 before the first.
  std::uint64_t last_change() const { return last_change_; }

  /// The newest packet with a key frame that is at least as old as the preroll, or else the oldest
  /// of the entry: playing begins at once, and no more is sent than is needed for that. end() when
  /// there is none.
  std::uint64_t start() const;
  /// The newest packet with a key frame; end() when there is none.
  std::uint64_t newest_start() const { return starts_.empty() ? end() : starts_.back().number; }

 private:
  struct Place {
    Item item;
    std::uint64_t before = 0;  // bytes of all packets that came before it
  };
  struct Start {
    std::uint64_t number;
    std::uint32_t send_time;
  };
  void drop_front();

  std::size_t queue_;
  std::deque<Place> items_;
  std::uint64_t first_ = 0;
  std::uint64_t bytes_ = 0;   // of all packets that ever came
  std::deque<Start> starts_;  // of the current entry, of those that are here
  std::uint64_t last_change_ = 0;
  std::uint32_t now_ = 0;  // send time of the newest packet
  std::shared_ptr<const EntryHeader> header_;
};

}  // namespace wmpush::pubpoint
