// Files that the command line names: a secret in the first line, or a list as a whole.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::tool {

/// The first line of `file`, without its end. `what` is what the file is called: "the password
/// file". Returns an empty text, or one line that says why it cannot be read, which an empty file
/// cannot.
std::string read_first_line(const std::string& what, const std::string& file, std::string& line);

/// The same for all of it, which may be empty, up to 1 MiB.
std::string read_all(const std::string& what, const std::string& file, std::string& text);

}  // namespace wmpush::tool
