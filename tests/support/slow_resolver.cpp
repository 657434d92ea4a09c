#include "support/slow_resolver.hpp"

#include <dlfcn.h>
#include <netdb.h>

#include <string_view>

namespace wmpush::test {

Gate& slow_resolver() {
  static Gate gate;
  return gate;
}

}  // namespace wmpush::test

/// In place of the system's.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  if (std::string_view(host) == "slow.invalid") wmpush::test::slow_resolver().pass();
  using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto systems = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return systems(host, service, hints, found);
}
