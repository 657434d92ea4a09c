// The texts of --help and --version.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "command.hpp"

namespace wmpush::tool {

/// What `wmpush --help` prints.
std::string overall_help();
/// What `wmpush COMMAND --help` prints.
std::string command_help(const Command& command);
std::string version_text();

/// `text` broken into lines of at most 79 columns, each indented by `indent` spaces.
std::string indented(const std::string& text, std::size_t indent);

}  // namespace wmpush::tool
