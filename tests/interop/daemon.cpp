#include "interop/daemon.hpp"

#include <csignal>

namespace wmpush::test {

Daemon::~Daemon() {
  child_.signal(SIGTERM);
  child_.wait(Seconds(20));
}

}  // namespace wmpush::test
