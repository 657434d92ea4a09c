// What is counted of the viewers of a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace wmpush::pubpoint {

struct ViewerCounts {
  std::size_t now = 0;
  std::size_t most = 0;          ///< at the same time
  std::uint64_t all = 0;         ///< that ever came
  std::uint64_t bytes_sent = 0;  ///< to them
  std::uint64_t skips = 0;       ///< times that one was too slow, and went on later
};

}  // namespace wmpush::pubpoint
