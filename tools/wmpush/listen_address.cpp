#include "listen_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "core/host_port.hpp"

namespace wmpush::tool {
namespace {

bool is_address(int family, const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string ListenAddress::parse(std::string_view text, ListenAddress& address) {
  address = {};
  std::string host;
  std::string_view port;
  bool has_port = false;
  bool ipv6 = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == text.npos) return "'" + std::string(text) + "' has a '[' without a ']'";
    ipv6 = true;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port)
      return "'" + std::string(text) + "' has something other than :PORT after the ']'";
    if (has_port) port = rest.substr(1);
  } else if (std::ranges::count(text, ':') > 1) {
    return "an IPv6 address is written in brackets: [" + std::string(text) + "]";
  } else if (all_digits(text)) {
    has_port = true;
    port = text;
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != text.npos;
    host = text.substr(0, colon);
    if (has_port) port = text.substr(colon + 1);
  }

  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size() || !all_digits(port))
      return "'" + std::string(port) + "' is not a port: 0 (any free one) to 65535";
  }
  if (ipv6) {
    if (!is_address(AF_INET6, host)) return "'[" + host + "]' is not an IPv6 address";
    address.host = host;
  } else if (host == "*") {
    address.host = "0.0.0.0";
  } else if (!host.empty() && host != "localhost") {
    if (!is_address(AF_INET, host))
      return "'" + host + "' is not an IPv4 address, an IPv6 address in brackets, localhost or *";
    address.host = host;
  }
  return {};
}

std::string ListenAddress::text() const { return host_and_port(host, port); }

}  // namespace wmpush::tool
