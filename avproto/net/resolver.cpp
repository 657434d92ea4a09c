#include "net/resolver.hpp"

#include <netdb.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace wmpush::net {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* first) const { freeaddrinfo(first); }
};

int resolve(const std::string& host, std::uint16_t port, int flags, Addresses& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  const int result = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first);
  if (result != 0) return result;
  const std::unique_ptr<addrinfo, FreeAddresses> found(first);
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    Address address;
    if (each->ai_addrlen > sizeof address.storage) continue;
    std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
    address.size = each->ai_addrlen;
    addresses.push_back(address);
  }
  return 0;
}

/// Only then it is no name that somebody has to be asked for.
bool looks_like_literal(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

}  // namespace

void Lookup::ask(const std::string& host, std::uint16_t port, int flags, Found& found) noexcept {
  try {
    found.result = resolve(host, port, flags, found.addresses);
    found.system_error = found.result == EAI_SYSTEM ? errno : 0;
  } catch (const std::bad_alloc&) {
    found.result = EAI_MEMORY;
  }
}

Error Lookup::start(const std::string& host, std::uint16_t port) {
  host_ = host;
  task_.reset();
  auto found = std::make_shared<Found>();
  const bool may_be_literal = looks_like_literal(host);
  if (may_be_literal) ask(host, port, AI_NUMERICHOST, *found);
  if (!may_be_literal || found->result != 0) {
    *found = {};
    if (Error error = Task::start(
            "resolving '" + host + "'",
            [found, host, port] { ask(host, port, AI_ADDRCONFIG, *found); }, task_))
      return error;
  }
  found_ = std::move(found);
  return {};
}

Error Lookup::take(Addresses& addresses) {
  if (found_->result == EAI_MEMORY || found_->system_error == ENOMEM)
    return {Result::E_OUTOFMEMORY, 0, ENOMEM, "resolving '" + host_ + "': out of memory"};
  if (found_->result != 0)
    return {Result::NS_E_SERVER_NOT_FOUND, 0, found_->system_error,
            "the host name '" + host_ + "' does not resolve: " + gai_strerror(found_->result) +
                ": check its spelling"};
  addresses = std::move(found_->addresses);
  if (addresses.empty())
    return {Result::NS_E_SERVER_NOT_FOUND, 0, 0, "the host name '" + host_ + "' has no address"};
  return {};
}

}  // namespace wmpush::net
