// Pages of the manual: one for each command, made from what its help is made from.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "command.hpp"

namespace wmpush::tool {

/// What stands at the foot of every page.
struct ManualEdition {
  std::string version;  ///< "0.1.0"
  std::string date;     ///< "2026-11-28"
};

/// The page wmpush-NAME(1). `more` are sections that were written by hand, in roff, or nothing.
std::string command_page(const Command& command, const ManualEdition& edition,
                         std::string_view more);

/// `page` with each line `.\" generated PART` followed by that part: `commands`, `options` (of a
/// push) or `keys` (of the configuration file), and @version@ and @date@ filled in. `error` is
/// empty, or one line that names a part that there is not.
std::string fill_page(std::string_view page, const ManualEdition& edition, std::string& error);

}  // namespace wmpush::tool
