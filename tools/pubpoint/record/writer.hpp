// The thread that waits for the disk, so that no other has to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>

namespace wmpush::pubpoint {

/// Does what it is handed, one after the other, in a thread of its own.
class Writer {
 public:
  using Work = std::function<void()>;

  /// At most `limit` bytes wait.
  explicit Writer(std::size_t limit);
  /// What waits is still done, in a thread that nobody waits for when the disk does not answer: the
  /// work owns what it works on.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Work that keeps `bytes` of memory until it is done, without waiting. False, and nothing is
  /// taken, when too much waits already; work of 0 bytes is always taken.
  bool hand(std::size_t bytes, Work work);

  /// More than half of what may wait does.
  bool busy() const;

 private:
  struct Queue;

  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace wmpush::pubpoint
