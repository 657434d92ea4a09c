// What is counted of a point that browsers can watch.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace wmpush::pubpoint {

struct HlsNumbers {
  bool running = false;               ///< a program makes segments
  std::size_t viewers = 0;            ///< addresses and programs that have asked lately
  std::uint64_t segments = 0;         ///< that were ever made
  std::uint64_t failures = 0;         ///< times that a program did not do
  std::uint64_t packets_dropped = 0;  ///< that a program did not take in time
};

}  // namespace wmpush::pubpoint
