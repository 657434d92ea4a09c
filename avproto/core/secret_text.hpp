// Secrets in a text that was not made by us: found by their shape, and masked.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace wmpush {

/// Where the password of "scheme://user:password@host/path" stands.
struct UrlPassword {
  std::size_t begin = 0;
  std::size_t end = 0;            ///< where the '@' is; begin: there is no password
  std::size_t authority_end = 0;  ///< where path and query begin
  bool found() const { return begin < end; }
};

/// Looks for it in `url`, whose authority begins at `authority`. A '/' in the password that was not
/// escaped does not hide the rest of it.
UrlPassword find_url_password(std::string_view url, std::size_t authority);

/// Whether a parameter of this name probably carries a secret, also when it is misspelt:
/// "password", "pasword", "pwd", "access-token". "password_file" names a file.
bool names_secret(std::string_view name);

/// `text` with *** in place of the password of every scheme://user:password@ in it, and of the
/// value of every ?name=value and &name=value whose name names a secret. Better hides too much than
/// too little where a URL is malformed.
std::string mask_secrets(std::string_view text);

}  // namespace wmpush
