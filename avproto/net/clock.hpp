// The time by which the network is waited for.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace wmpush::net {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

}  // namespace wmpush::net
