// Pictures of what is on air.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>

namespace wmpush::pubpoint {

struct PictureSettings {
  std::string program{};  ///< wmpush-picture, which makes them; empty: there are none
  unsigned width = 320;   ///< pixels, 16 to 1920
  /// From one picture of a point to its next, at least.
  std::chrono::milliseconds interval{1000};
  /// For one picture; then the program is ended, and started again for the next.
  std::chrono::milliseconds timeout{2000};
  /// The program ends when no picture was asked for in so long.
  std::chrono::milliseconds idle{60'000};

  bool operator==(const PictureSettings&) const = default;
};

}  // namespace wmpush::pubpoint
