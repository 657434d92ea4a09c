// Runs another program to its end, or to a deadline.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace wmpush::tool {

/// A program that was run, and what it said.
struct ProgramRun {
  static constexpr std::size_t kMostOutput = 1 << 20;  ///< bytes; what is more is read past

  std::string failure;  ///< one line: why it could not be run, or did not end; empty when it did
  int status = 0;       ///< exit status, or 128 and the number of the signal that ended it
  std::string output;   ///< standard output and standard error, as they came

  /// Runs `words[0]`, searched for in PATH where it has no '/', with nothing on its standard input.
  /// When it has not ended within `limit` it is ended, with what it started.
  static ProgramRun run(const std::vector<std::string>& words, std::chrono::milliseconds limit,
                        const std::vector<std::string>& more_environment = {});
};

/// The file that PATH has for a program, or `name` itself where that has a '/' and can be run;
/// empty when there is none.
std::string find_program(const std::string& name);

/// The same, but one beside this program comes first.
std::string find_program_beside(const std::string& name);

}  // namespace wmpush::tool
