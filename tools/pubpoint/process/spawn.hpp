// Starts another program.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace wmpush::pubpoint {

/// What a program is started with: in a process group of its own, so that what it starts ends with
/// it, with no signal blocked or ignored, and with no descriptor of ours but those named here.
struct Spawn {
  std::vector<std::string> words;  ///< its file, searched for in PATH where it has no '/', and its
                                   ///< arguments
  std::vector<std::string> more_environment{};  ///< "NAME=VALUE", beside our own
  int input = STDIN_FILENO;
  int output = STDERR_FILENO;  ///< what it says is for people, as our own standard error
  int error = STDERR_FILENO;

  /// 0, or an errno. Who starts it waits for its end (waitpid()).
  int run(pid_t& child) const;
};

/// Ends the group of a child that was not waited for yet, with what it has started, unless that has
/// left the group.
void kill_group(pid_t child);

}  // namespace wmpush::pubpoint
