// Base64 (RFC 4648), by OpenSSL.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wmpush::auth {

std::string base64(std::string_view bytes);

/// Nothing when `text` is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace wmpush::auth
