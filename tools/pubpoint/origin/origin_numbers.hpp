// What is counted of a point's origin.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace wmpush::pubpoint {

struct OriginNumbers {
  std::string url;         ///< without its query, which may have a token
  bool streaming = false;  ///< the stream comes
  std::uint64_t pulls = 0;
};

}  // namespace wmpush::pubpoint
