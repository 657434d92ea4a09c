// The flags of `wmpush serve` that say who may do what.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "pubpoint/config/config.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::tool {

std::vector<Flag> access_flags();

/// Sets `authentication` and `access` of the settings by what `config` and the flags say, which
/// win. Returns an empty text, or one line that says what cannot be followed.
std::string read_access(const Arguments& arguments, pubpoint::Config& config);

/// One line for who listens where others can come, and lets everybody push; empty when it is not
/// so.
std::string open_access_warning(const pubpoint::Settings& settings, const std::string& where,
                                const std::string& tls_where);

}  // namespace wmpush::tool
