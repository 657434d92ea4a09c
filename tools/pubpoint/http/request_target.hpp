// The target of a request line: what of it names something on this server (RFC 9112, 3.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// Path and query of a target, without "http://host" in front where it has that. Empty when it
/// names no path.
std::string_view path_and_query(std::string_view target);

/// What %XX stands for; a '%' without two digits behind it stays.
std::string percent_decoded(std::string_view text);

/// A path as it stands in a URL (RFC 3986, 3.3).
std::string percent_encoded(std::string_view path);

/// The value of a hexadecimal digit; -1 for any other character.
int hex_digit(char c);

}  // namespace wmpush::pubpoint
