// What all points of a server have together.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace wmpush::pubpoint {

/// Of all points, whichever of them are shown.
struct Totals {
  std::size_t points = 0;
  std::size_t on_air = 0;
  std::size_t viewers = 0;       ///< now
  std::uint64_t bytes_sent = 0;  ///< to them, and to those that have gone
};

}  // namespace wmpush::pubpoint
