// Percent-encoding (RFC 3986, 2.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wmpush {

/// What %XX stands for. Nothing where a '%' has no two digits behind it.
std::optional<std::string> percent_decoded(std::string_view text);

/// The same, but such a '%' stays as it is.
std::string percent_decoded_leniently(std::string_view text);

/// `text`, but with %XX for what `stays` says false of.
std::string percent_encoded(std::string_view text, bool (*stays)(char));

/// A path as it stands in a URL (RFC 3986, 3.3).
std::string percent_encoded_path(std::string_view path);

}  // namespace wmpush
