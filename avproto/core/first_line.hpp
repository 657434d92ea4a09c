// A secret that stands in the first line of a file.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "wmpush/result.hpp"

namespace wmpush {

/// The first line of `file`, without its end; it may be empty, but the file may not. `what` is what
/// the file is called: "password_file". E_INVALIDARG, with the errno where there is one, when it
/// cannot be read or the line has more than 1 MiB.
Error read_first_line(const std::string& what, const std::string& file, std::string& line);

}  // namespace wmpush
