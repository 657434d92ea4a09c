// Tokens in a URL: who has one may watch until it expires, without a password.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pubpoint/access/point_pattern.hpp"

namespace wmpush::pubpoint {

/// The least that a key may have, in bytes.
inline constexpr std::size_t kMinTokenKey = 16;

enum class TokenCheck { Ok, Expired, Wrong };

/// base64url("EXPIRY POINTS") "." base64url(HMAC-SHA256 of what stands before the dot), the expiry
/// in seconds since 1970: it needs no percent-encoding. Throws std::invalid_argument when the key
/// is shorter than kMinTokenKey.
std::string make_token(std::string_view key, const PointPattern& points,
                       std::chrono::system_clock::time_point expiry);

/// `now` is the wall clock. Wrong is what was made with another key, changed, or made for other
/// points than `point`, which is a path, percent-decoded. A short key finds every token wrong.
TokenCheck check_token(std::string_view key, std::string_view token, std::string_view point,
                       std::chrono::system_clock::time_point now);

/// The token in the query of a request's target: "/live?token=..."; empty when there is none.
std::string_view token_in(std::string_view target);

}  // namespace wmpush::pubpoint
