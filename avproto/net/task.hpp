// Work that may take its time, in a thread of its own.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "core/descriptor.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

/// getaddrinfo() and GSSAPI cannot be stopped. Who does not want to wait for them any longer lets
/// go of the task: the thread is left behind with what `work` holds, and frees it.
class Task {
 public:
  /// Starts `work`, which must let no exception out. No signal is handled in its thread. `what` is
  /// for the message: E_FAIL, where there is no thread or no descriptor for it. Throws
  /// std::bad_alloc.
  static Error start(const std::string& what, std::function<void()> work,
                     std::shared_ptr<Task>& task);

  /// The same, but that it is done here and now where there is no thread for it: null is then what
  /// is returned.
  static std::shared_ptr<Task> start_or_do(const std::string& what,
                                           const std::function<void()>& work);

  /// What the work has written is there to be read.
  bool done() const { return done_.load(std::memory_order_acquire); }
  /// Becomes readable when it is done.
  int descriptor() const { return told_.get(); }

 private:
  void finish() noexcept;

  std::atomic<bool> done_ = false;
  Descriptor told_;
  Descriptor tells_;
};

}  // namespace wmpush::net
