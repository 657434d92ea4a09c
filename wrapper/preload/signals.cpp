#include "signals.hpp"

#include <dlfcn.h>
#include <signal.h>
#include <time.h>

#include <atomic>

#include "wmpush/wmpush.h"

namespace wmpush::preload {
namespace {

using Handler = void (*)(int);
using Action = void (*)(int, siginfo_t*, void*);

constinit std::atomic<bool> watching{false};
constinit std::atomic<std::int64_t> first{0};
static_assert(std::atomic<std::int64_t>::is_always_lock_free, "used in a signal handler");

/// The program's handlers for SIGINT and SIGTERM.
struct Kept {
  std::atomic<Handler> handler{nullptr};
  std::atomic<Action> action{nullptr};
};
constinit Kept kept_interrupt;
constinit Kept kept_terminate;

Kept* kept(int number) {
  if (!watching) return nullptr;
  return number == SIGINT ? &kept_interrupt : number == SIGTERM ? &kept_terminate : nullptr;
}

void note_time() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  std::int64_t none = 0;
  first.compare_exchange_strong(none, std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000);
}

void on_signal(int number) {
  note_time();
  if (Kept* its = kept(number))
    if (const Handler handler = its->handler) handler(number);
}

void on_action(int number, siginfo_t* info, void* context) {
  note_time();
  if (Kept* its = kept(number))
    if (const Action action = its->action) action(number, info, context);
}

bool is_function(Handler handler) {
  return handler != SIG_DFL && handler != SIG_IGN && handler != SIG_ERR;
}

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

/// signal() in either of its two meanings.
Handler install(const char* name, int number, Handler handler) {
  const auto next = real<Handler (*)(int, Handler)>(name);
  Kept* its = kept(number);
  if (its == nullptr || !is_function(handler)) return next(number, handler);

  const Handler before = its->handler.exchange(handler);
  const Handler replaced = next(number, on_signal);
  return replaced == on_signal ? before : replaced;
}

}  // namespace

void watch_signals() { watching = true; }

std::int64_t first_signal() { return first; }

}  // namespace wmpush::preload

extern "C" {

WMPUSH_API int sigaction(int number, const struct sigaction* action,
                         struct sigaction* before) noexcept {
  using namespace wmpush::preload;
  using Function = int (*)(int, const struct sigaction*, struct sigaction*);
  static const auto next = real<Function>("sigaction");
  Kept* its = kept(number);
  if (its == nullptr) return next(number, action, before);

  const Handler handler_before = its->handler;
  const Action action_before = its->action;
  struct sigaction watched;
  if (action != nullptr) {
    watched = *action;
    if ((action->sa_flags & SA_SIGINFO) != 0) {
      its->action = action->sa_sigaction;
      watched.sa_sigaction = on_action;
    } else if (is_function(action->sa_handler)) {
      its->handler = action->sa_handler;
      watched.sa_handler = on_signal;
    }
  }
  const int ret = next(number, action != nullptr ? &watched : nullptr, before);
  if (ret == 0 && before != nullptr) {
    if ((before->sa_flags & SA_SIGINFO) != 0) {
      if (before->sa_sigaction == on_action) before->sa_sigaction = action_before;
    } else if (before->sa_handler == on_signal) {
      before->sa_handler = handler_before;
    }
  }
  return ret;
}

WMPUSH_API __sighandler_t signal(int number, __sighandler_t handler) noexcept {
  return wmpush::preload::install("signal", number, handler);
}

WMPUSH_API __sighandler_t __sysv_signal(int number, __sighandler_t handler) noexcept {
  return wmpush::preload::install("__sysv_signal", number, handler);
}

}  // extern "C"
