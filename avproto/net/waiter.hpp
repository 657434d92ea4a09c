// Time limits and the caller's wish to stop.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>

namespace wmpush::net {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

/// True when the caller wants to stop. May be empty: never.
using InterruptCheck = std::function<bool()>;

/// No wait goes on for longer without asking the caller.
inline constexpr std::chrono::milliseconds kInterruptInterval{50};

/// How long to wait now: until `deadline`, but no longer than the caller may be left alone.
inline Clock::duration slice(Time deadline) {
  const Time now = Clock::now();
  if (deadline <= now) return Clock::duration::zero();
  return std::min<Clock::duration>(deadline - now, kInterruptInterval);
}

}  // namespace wmpush::net
