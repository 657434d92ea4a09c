// Base64 as in the field Authorization, and as it can stand in a URL (RFC 4648, 4 and 5).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// With '-' and '_', and without '=' at the end.
std::string base64url(std::string_view bytes);
/// The bytes of a text of either kind, with or without '=' at its end; nothing when it is neither.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace wmpush::pubpoint
