// Many viewers in one thread, each of which asks again when its stream ends.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace wmpush::test {

/// Every second one is a player of MS-WMSP, the others take plain ASF. They watch from the
/// constructor to the destructor.
class Crowd {
 public:
  using Clock = std::chrono::steady_clock;

  /// `port`: of 127.0.0.1.
  Crowd(std::size_t size, std::uint16_t port, const std::string& path);
  ~Crowd();
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  /// Waits until each has got something of the stream after `since`; false when `limit` passes.
  bool all_get_something(Clock::time_point since, std::chrono::milliseconds limit) const;
  /// How often one has asked again.
  std::uint64_t asked_again() const { return asked_again_; }
  /// How often one was answered with anything but 200.
  std::uint64_t refused() const { return refused_; }
  /// The longest time that one has got nothing, from its first byte on.
  std::chrono::milliseconds longest_gap() const {
    return std::chrono::milliseconds(longest_gap_.load());
  }

 private:
  struct Viewer;
  void run();
  void ask(Viewer& viewer) const;
  void take(Viewer& viewer);

  const std::uint16_t port_;
  const std::string path_;
  std::vector<std::unique_ptr<Viewer>> viewers_;
  std::atomic<std::uint64_t> asked_again_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::int64_t> longest_gap_ = 0;  // ms
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace wmpush::test
