// When the user asked ffmpeg to stop.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace wmpush::preload {

/// From now on a handler that the program installs for SIGINT or SIGTERM is called through one that
/// notes the time. ffmpeg's own interrupt callback speaks up at the second signal only, and until
/// then waits for a peer that has stopped reading.
void watch_signals();

/// When the first of these signals came, us of CLOCK_MONOTONIC; 0 when none has.
std::int64_t first_signal();

}  // namespace wmpush::preload
