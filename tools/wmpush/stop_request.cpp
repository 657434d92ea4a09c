#include "stop_request.hpp"

#include <atomic>
#include <csignal>
#include <cstdint>

namespace wmpush::tool {
namespace {

// What a signal handler can reach. Lock-free, so that it may.
std::atomic<int> signals_seen{0};
std::atomic<std::int64_t> first_seen{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

struct sigaction previous_int;
struct sigaction previous_term;

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
  sigaction(SIGINT, &action, &previous_int);
  sigaction(SIGTERM, &action, &previous_term);
}

StopRequest::~StopRequest() {
  sigaction(SIGINT, &previous_int, nullptr);
  sigaction(SIGTERM, &previous_term, nullptr);
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
