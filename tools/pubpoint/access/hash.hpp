// The hashes that passwords are kept and compared by, and tokens signed with.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::pubpoint {

enum class Hash { Md5, Sha256 };

/// Characters of a hexadecimal hash: 32 or 64.
std::size_t hex_size(Hash kind);
/// In lower case; empty when this build of OpenSSL refuses to make such hashes.
std::string hex_hash(Hash kind, std::string_view text);

/// HMAC-SHA256 in base64url; empty when OpenSSL refuses to make one.
std::string signature(std::string_view key, std::string_view text);

/// Whether two secrets are the same, in a time that does not tell where they differ. Nothing is the
/// same as an empty text.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace wmpush::pubpoint
