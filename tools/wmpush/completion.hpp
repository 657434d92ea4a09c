// Completion of the command line in shells, from the tables that it is parsed by.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "command.hpp"

namespace wmpush::tool {

/// What can be completed for a value or an operand.
struct Completions {
  bool files = false;
  bool folders = false;
  bool commands = false;           ///< programs of the system
  bool urls = false;               ///< URLs of publishing points
  std::vector<std::string> words;  ///< nothing else than these
};

/// By what a value is called: "FILE", "DIR", "HOOK", "block|drop".
Completions completions_of(const Flag& flag);
/// Of the operands that the lines of usage name.
Completions operands_of(const Command& command);

/// A script for bash, which needs nothing else.
std::string bash_completion();
/// A function for zsh, called _wmpush.
std::string zsh_completion();

}  // namespace wmpush::tool
