// What a request is for: its target and its Host field (RFC 9112, 3.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/http/messages.hpp"

namespace wmpush::pubpoint {

/// Path and query of a target, without "http://host" in front where it has that. Empty when it
/// names no path.
std::string_view path_and_query(std::string_view target);
/// The path alone.
std::string_view path_of(std::string_view target);
/// Without the '?'; empty when there is none.
std::string_view query_of(std::string_view target);

/// The Host field, where it can stand in a URL; else empty.
std::string host_for_url(const RequestHead& head);

}  // namespace wmpush::pubpoint
