#include "interop/network_namespace.hpp"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace wmpush::test {
namespace {

/// Root in there is who this process was outside.
bool map_user(uid_t user, gid_t group) {
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream users("/proc/self/uid_map");
  users << "0 " << user << " 1" << std::flush;
  std::ofstream groups("/proc/self/gid_map");
  groups << "0 " << group << " 1" << std::flush;
  return users.good() && groups.good();
}

bool loopback_up() {
  const int descriptor = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  const bool done = ioctl(descriptor, SIOCGIFFLAGS, &request) == 0 &&
                    (request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP),
                     ioctl(descriptor, SIOCSIFFLAGS, &request) == 0);
  close(descriptor);
  return done;
}

}  // namespace

std::string enter_network_namespace() {
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWNET) != 0) {
    if (errno != EPERM) return std::string("no network namespace: ") + std::strerror(errno);
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !map_user(user, group))
      return "a network namespace takes root here";
  }
  return loopback_up() ? std::string() : std::string("the loopback interface does not come up");
}

}  // namespace wmpush::test
