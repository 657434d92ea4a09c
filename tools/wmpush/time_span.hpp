// A length of time on the command line.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string_view>

namespace wmpush::tool {

/// Reads "90", "90s", "30m", "2h" or "7d", from 1 s to 3650 days; false for anything else.
bool parse_time_span(std::string_view text, std::chrono::seconds& span);

}  // namespace wmpush::tool
