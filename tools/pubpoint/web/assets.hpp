// The files of the page, which are part of the program: those in web/ at the top of the sources.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string_view>

namespace wmpush::pubpoint {

struct Asset {
  std::string_view path;  ///< "/page.css"
  std::string_view type;
  std::string_view etag;  ///< of its content, with the quotes
  std::string_view body;
};

/// Null when there is none of that path.
const Asset* find_asset(std::string_view path);

}  // namespace wmpush::pubpoint
