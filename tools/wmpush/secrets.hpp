// Passwords on the command line: found, masked for people, wiped from the process list.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wmpush::tool {

/// Where a secret lies in a text.
struct SecretSpan {
  std::size_t at;
  std::size_t size;
};

/// Tells whether an option's value must never be shown.
using IsSecret = std::function<bool(std::string_view option)>;

/// The password of a URL and its query parameters that are secret options, in order. A text that
/// is no URL has none. A malformed URL is searched generously: better to hide too much.
std::vector<SecretSpan> secrets_in_url(std::string_view url, const IsSecret& is_secret);

/// The URL with *** in place of each secret.
std::string masked_url(std::string_view url, const IsSecret& is_secret);

/// Overwrites the secrets in the arguments of the process with '*', so that ps does not show them
/// any longer. Lengths stay what they are.
void scrub(std::span<char*> arguments, const IsSecret& is_secret);

/// IsSecret by the library's table of options, and for other names, misspelt ones for example, by
/// their looks.
bool is_secret_option(std::string_view option);

}  // namespace wmpush::tool
