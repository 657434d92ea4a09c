// The subcommands.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "outcome.hpp"

namespace wmpush::tool {

/// A subcommand: what `wmpush NAME` does, and what its help says.
struct Command {
  std::string name;
  std::string summary;                    ///< half a line
  std::vector<std::string> guesses = {};  ///< other words that people try for it
  std::vector<std::string> usage;         ///< without "wmpush NAME"
  std::string about;                      ///< paragraphs, lines of at most 79 columns
  std::vector<Flag> flags;
  bool push_options = false;  ///< takes the library's options as well
  std::string examples;       ///< lines to type, indented
  ExitStatus (*run)(const Arguments& arguments);

  std::vector<Flag> all_flags() const;
};

Command send_command();
Command serve_command();
Command probe_command();
Command check_command();
Command doctor_command();
Command token_command();

/// All of them, in the order of the help.
const std::vector<Command>& commands();

}  // namespace wmpush::tool
