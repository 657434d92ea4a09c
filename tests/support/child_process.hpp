// A program that a test starts, and that is gone when the test is.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace wmpush::test {

using Seconds = std::chrono::duration<double>;

/// Runs from the constructor on, with nothing to read on its standard input, and is killed by its
/// id in the destructor if it still runs then. What it prints is kept.
class ChildProcess {
 public:
  /// `command[0]` is looked for in PATH. `environment`: "NAME=value" entries besides our own.
  /// Throws std::system_error when it cannot be started.
  explicit ChildProcess(const std::vector<std::string>& command,
                        const std::vector<std::string>& environment = {});
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const { return id_; }
  /// Sends a signal; nothing once it has been waited for.
  void signal(int number) const;

  /// Waits until it has ended and returns its exit status, or minus the number of the signal that
  /// ended it. When `limit` passes first, it is killed.
  int wait(Seconds limit = Seconds(30));

  /// Waits until it has printed `text` on standard error; false when it ends or `limit` passes.
  bool wait_for_error_text(const std::string& text, Seconds limit = Seconds(20));
  /// The same for standard output.
  bool wait_for_output(const std::string& text, Seconds limit = Seconds(20));

  /// Waits until it has printed more than `size` bytes on standard output; false when it ends or
  /// `limit` passes.
  bool wait_for_more_output(std::size_t size, Seconds limit = Seconds(20));

  /// Waits until it has printed nothing for as long as `quiet`; false when it ends or `limit`
  /// passes.
  bool wait_for_silence(Seconds quiet, Seconds limit = Seconds(20));

  std::string output() const;      ///< standard output so far
  std::string error_text() const;  ///< standard error so far

 private:
  void read_all(int output, int error);
  bool wait_for(const std::string& printed, const std::string& text, Seconds limit);

  pid_t id_ = -1;
  int status_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool closed_ = false;  ///< both pipes are at their end
  std::string output_;
  std::string error_text_;
  std::thread reader_;
};

}  // namespace wmpush::test
