// Starts another program.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace wmpush::pubpoint {

/// The environment of this process, "NAME=value", without what is for us alone (WMPUSH_…): a
/// password may be among that.
std::vector<std::string> own_environment();

/// What a program is started with: in a process group of its own, so that what it starts ends with
/// it, with three descriptors and no other one of ours, and with all signals as they are by
/// default.
struct Spawn {
  /// The program and its arguments. Without a '/' the program is looked for in the PATH.
  std::vector<std::string> words;
  std::vector<std::string> environment = own_environment();
  int input = STDIN_FILENO;    ///< descriptors that it gets copies of
  int output = STDERR_FILENO;  ///< what it says is for people, as our own standard error
  int errors = STDERR_FILENO;
  int niceness = 0;  ///< above 0: of less weight than the server

  /// 0, or an errno. Who starts it waits for its end (waitpid()).
  int run(pid_t& child) const;
};

/// Ends the group of a child that was not waited for yet, with what it has started, unless that has
/// left the group.
void kill_group(pid_t child);

}  // namespace wmpush::pubpoint
