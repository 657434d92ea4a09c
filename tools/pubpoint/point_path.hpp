// The name of a publishing point, as people give it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// Whether every page needs the path for something else: its files, and administration.
bool is_reserved(std::string_view path);

/// "live", "/live", "My Radio" and "My%20Radio" become the path, percent-decoded, that a URL names.
/// Returns an empty text, or one line that says what is wrong.
std::string parse_point(std::string_view name, std::string& path);

}  // namespace wmpush::pubpoint
