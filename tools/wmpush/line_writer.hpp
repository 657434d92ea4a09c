// Lines that a thread of its own writes: who has one to say never waits for who reads it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace wmpush::tool {

/// Keeps the order of the lines. When nobody reads, it keeps the first kMaxLines, counts the
/// others, and says in their place how many there were.
class LineWriter {
 public:
  static constexpr std::size_t kMaxLines = 1000;

  /// Writes to a copy of `descriptor`; -1: nowhere.
  explicit LineWriter(int descriptor);
  /// Writes what is still there, for a second at most.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// A line without its end. From any thread.
  void write(std::string line);
  /// What comes from now on goes to a copy of `descriptor`; -1: nowhere.
  void go_on_with(int descriptor);

 private:
  struct Item {
    std::string line;
    int descriptor = -1;  // to go on with, when `changes` is set
    bool changes = false;
  };
  void run();
  void handle(const Item& item);
  void put(std::string_view text);
  bool is_late() const;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::size_t lost_ = 0;
  bool ending_ = false;
  std::atomic<std::chrono::steady_clock::time_point::rep> give_up_{0};  // 0: never
  int descriptor_ = -1;                                                 // the thread's own
  std::thread thread_;
};

}  // namespace wmpush::tool
