#include "interop/daemon.hpp"

#include <sys/wait.h>

#include "interop/program.hpp"

namespace wmpush::test {

Daemon::~Daemon() {
  child_.signal(end_signal_);
  child_.wait(Seconds(20));
}

bool Daemon::listens(std::uint16_t port) const {
  const auto runs = [this] {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child_.id()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == 0;
  };
  return wait_for_listener(port, runs);
}

}  // namespace wmpush::test
