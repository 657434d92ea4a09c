#include "stop_request.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <iterator>

namespace wmpush::tool {
namespace {

// What a signal handler can reach. Lock-free, so that it may.
std::atomic<int> signals_seen{0};
std::atomic<std::int64_t> first_seen{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
struct sigaction previous[std::size(kSignals)];

extern "C" void note_signal(int) {
  // steady_clock reads CLOCK_MONOTONIC, which a handler may.
  if (signals_seen.load() == 0)
    first_seen.store(StopRequest::Clock::now().time_since_epoch().count());
  ++signals_seen;
}

}  // namespace

StopRequest::StopRequest() {
  signals_seen = 0;
  struct sigaction action {};
  action.sa_handler = note_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a blocked read has to return
  for (std::size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &previous[i]);
    // Whoever starts us by nohup wants the push to survive the terminal.
    const bool kept = kSignals[i] == SIGHUP && previous[i].sa_handler == SIG_IGN;
    if (!kept) sigaction(kSignals[i], &action, nullptr);
  }
}

StopRequest::~StopRequest() {
  for (std::size_t i = 0; i < std::size(kSignals); ++i)
    sigaction(kSignals[i], &previous[i], nullptr);
}

bool StopRequest::requested() const { return signals_seen.load() > 0; }

bool StopRequest::must_give_up(int signals, Clock::duration since_first, bool may_wind_up) {
  if (signals == 0) return false;
  return !may_wind_up || signals > 1 || since_first >= kWindUp;
}

int StopRequest::interrupt(void* opaque) {
  const auto* self = static_cast<const StopRequest*>(opaque);
  const Clock::time_point first{Clock::duration(first_seen.load())};
  return must_give_up(signals_seen.load(), Clock::now() - first, self->may_wind_up_) ? 1 : 0;
}

}  // namespace wmpush::tool
