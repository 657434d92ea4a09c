// The target of a request line: what of it names something on this server (RFC 9112, 3.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace wmpush::pubpoint {

/// Path and query of a target, without "http://host" in front where it has that. Empty when it
/// names no path.
std::string_view path_and_query(std::string_view target);

}  // namespace wmpush::pubpoint
