// Where a connection leads.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

namespace wmpush::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;

  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  /// "192.0.2.1:80", "[2001:db8::1]:80"
  std::string text() const;
};

using Addresses = std::vector<Address>;

/// The same addresses in an order in which the families take turns, the first one's first, and each
/// family keeps its own order (RFC 8305, 4).
Addresses by_turns(const Addresses& addresses);

}  // namespace wmpush::net
