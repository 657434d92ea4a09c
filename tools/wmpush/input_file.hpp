// Files that the command line names.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::tool {

/// All of `file`, which may be empty, up to 1 MiB. `what` is what the file is called: "the users
/// file". Returns an empty text, or one line that says why it cannot be read.
std::string read_all(const std::string& what, const std::string& file, std::string& text);

}  // namespace wmpush::tool
