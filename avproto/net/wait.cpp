#include "net/wait.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace wmpush::net {
namespace {

/// No wait goes on for longer without asking the caller.
constexpr std::chrono::milliseconds kInterruptInterval{50};

}  // namespace

Readiness wait_for(const Wait& wait, const InterruptCheck& interrupted) {
  while (true) {
    // Asked first, and not only after a wait: a peer that is always ready must not lock it out.
    if (interrupted && interrupted()) return Readiness::Interrupted;
    const auto left = std::max(wait.until - Clock::now(), Clock::duration::zero());
    const auto slice = std::chrono::ceil<std::chrono::milliseconds>(
        std::min<Clock::duration>(left, kInterruptInterval));
    pollfd entry{wait.descriptor, wait.events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(slice.count()));
    if (ready > 0) return Readiness::Ready;
    if (ready < 0 && errno != EINTR) return Readiness::Ready;  // the next call says why
    if (Clock::now() >= wait.until) return Readiness::TimedOut;
  }
}

}  // namespace wmpush::net
