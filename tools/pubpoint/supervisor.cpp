#include "pubpoint/supervisor.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace wmpush::pubpoint {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// 0 when it is not there or no number.
std::int64_t number(const char* name) {
  const std::string text = variable(name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

}  // namespace

Supervisor::Supervisor() : socket_(variable("NOTIFY_SOCKET")) {
  const std::int64_t watched = number("WATCHDOG_PID");
  const std::int64_t period = number("WATCHDOG_USEC");
  if (period > 0 && (watched == 0 || watched == ::getpid()))
    watchdog_ = std::chrono::microseconds(std::max<std::int64_t>(period / 2, 1000));
  if (number("LISTEN_PID") == ::getpid())
    listeners_ = static_cast<int>(std::max<std::int64_t>(number("LISTEN_FDS"), 0));
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS",
                           "LISTEN_PID", "LISTEN_FDNAMES"})
    ::unsetenv(name);
}

void Supervisor::tell(std::string_view state) const {
  sockaddr_un address{};
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';  // of the abstract kind
  const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // Who does not listen does not want to know.
  static_cast<void>(::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), size));
  ::close(descriptor);
}

void Supervisor::tell_reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000;
  tell("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds));
}

}  // namespace wmpush::pubpoint
