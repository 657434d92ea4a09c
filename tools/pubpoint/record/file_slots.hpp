// How many recordings are being written, of all pushes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace wmpush::pubpoint {

/// Slots are taken in one thread; the rest is for any.
class FileSlots {
 public:
  explicit FileSlots(std::size_t most) : most_(most) {}

  /// For files that begin from now on: none is closed.
  void change(std::size_t most) { most_ = most; }
  std::size_t most() const { return most_; }
  bool any_left() const { return taken_ < most_; }

  /// One that is taken for as long as this lives; null when none is left.
  static std::shared_ptr<const void> take(const std::shared_ptr<FileSlots>& slots) {
    if (!slots->any_left()) return nullptr;
    ++slots->taken_;
    return {slots.get(), [slots](const void*) { --slots->taken_; }};
  }

 private:
  std::atomic<std::size_t> most_;
  std::atomic<std::size_t> taken_ = 0;
};

}  // namespace wmpush::pubpoint
