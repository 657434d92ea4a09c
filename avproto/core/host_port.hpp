// Host and port as a URL and a Host header have them (RFC 3986, 3.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wmpush {

/// An IPv6 literal in brackets, anything else as it is.
inline std::string url_host(std::string_view host) {
  return host.find(':') == host.npos ? std::string(host) : "[" + std::string(host) + "]";
}

/// "server:80", "[::1]:80"
inline std::string host_and_port(std::string_view host, std::uint16_t port) {
  return url_host(host) + ":" + std::to_string(port);
}

}  // namespace wmpush
