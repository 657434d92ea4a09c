// A program that the server has started.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "pubpoint/process/spawn.hpp"

namespace wmpush::pubpoint {

/// How a program has ended.
struct ProgramEnd {
  bool exited = false;  ///< by itself; else a signal has ended it
  int number = 0;       ///< its status, or the signal
};

/// Belongs to the thread of its io_context.
class ChildProgram : public std::enable_shared_from_this<ChildProgram> {
 public:
  explicit ChildProgram(boost::asio::io_context& context) : context_(context) {}
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  /// Called once. Empty when it runs, and then `over` is called once, in the thread, after its end:
  /// otherwise why it does not, without its name. `ends_group`: what it has started, and has not
  /// left its group, ends with it.
  std::string start(const Spawn& spawn, bool ends_group, std::function<void(ProgramEnd)> over);
  /// Ends it with all that it has started and that has not left its group. Nothing when it is over.
  void kill();

 private:
  void wait_for_end();

  boost::asio::io_context& context_;
  std::function<void(ProgramEnd)> over_;
  pid_t child_ = -1;  // not reaped yet
  bool ends_group_ = false;
  std::thread waiting_;
};

}  // namespace wmpush::pubpoint
