// The key that tokens are made and checked with.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::tool {

/// The first line of `file`. Returns an empty text, or one line that says what is wrong with it.
std::string read_token_key(const std::string& file, std::string& key);

}  // namespace wmpush::tool
