// What a person can try when a publishing point would take no push.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "wmpush/result.hpp"

namespace wmpush::tool {

/// One line each, the likeliest first; empty where the message says all there is to say. `url` is
/// masked, `with_user` says that a user was named.
std::vector<std::string> probe_advice(const Error& error, const std::string& url, bool with_user);

}  // namespace wmpush::tool
