#include "net/address.hpp"

#include <netdb.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <deque>
#include <string_view>

#include "core/host_port.hpp"

namespace wmpush::net {

std::string Address::text() const {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  if (::getnameinfo(get(), size, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  std::uint16_t port = 0;
  const std::string_view digits(service.data());
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return host_and_port(host.data(), port);
}

Addresses by_turns(const Addresses& addresses) {
  std::deque<Address> left(addresses.begin(), addresses.end());
  Addresses ordered;
  ordered.reserve(addresses.size());
  while (!left.empty()) {
    auto next = left.begin();
    if (!ordered.empty()) {
      const auto other = std::find_if(left.begin(), left.end(), [&](const Address& each) {
        return each.family() != ordered.back().family();
      });
      if (other != left.end()) next = other;
    }
    ordered.push_back(*next);
    left.erase(next);
  }
  return ordered;
}

}  // namespace wmpush::net
