#include "interop/daemon.hpp"

namespace wmpush::test {

Daemon::~Daemon() {
  child_.signal(end_signal_);
  child_.wait(Seconds(20));
}

}  // namespace wmpush::test
