// What is waited for, and the waiting of those who may block.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <poll.h>

#include <functional>

#include "core/descriptor.hpp"
#include "net/clock.hpp"

namespace wmpush::net {

inline constexpr short kReadable = POLLIN;
inline constexpr short kWritable = POLLOUT;

/// Something will have happened when `descriptor` is ready for one of `events`, or `until` passes.
struct Wait {
  int descriptor = kNoDescriptor;
  short events = 0;  ///< kReadable, kWritable or both, as poll() takes them
  Time until = Time::max();
};

/// True when the caller wants to stop. May be empty: never.
using InterruptCheck = std::function<bool()>;

enum class Readiness { Ready, TimedOut, Interrupted };

/// Waits, and asks `interrupted` before it does and every 50 ms.
Readiness wait_for(const Wait& wait, const InterruptCheck& interrupted);

}  // namespace wmpush::net
