// Times in what people read.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdio>
#include <string>

namespace wmpush::wmhttp {

/// "1.5 s": three digits are enough for a person.
inline std::string seconds_text(std::chrono::duration<double> duration) {
  const double seconds = duration.count();
  char text[32];
  std::snprintf(text, sizeof text, seconds >= 0.001 && seconds < 1000 ? "%.3g s" : "%.0f s",
                seconds);
  return text;
}

}  // namespace wmpush::wmhttp
