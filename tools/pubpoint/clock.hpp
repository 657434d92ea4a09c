// The clock of the publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace wmpush::pubpoint {

using Clock = std::chrono::steady_clock;

}  // namespace wmpush::pubpoint
