// Where `wmpush serve` listens.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace wmpush::tool {

struct ListenAddress {
  std::string host = "127.0.0.1";  ///< IPv4 or IPv6 literal, without brackets
  std::uint16_t port = 8080;       ///< 0: any free one

  /// HOST:PORT, HOST, :PORT or PORT; HOST is an IPv4 address, an IPv6 address in brackets,
  /// "localhost", or "*" for every IPv4 address. Returns an empty text, or one line that says what
  /// is wrong.
  static std::string parse(std::string_view text, ListenAddress& address);

  /// "127.0.0.1:8080", "[::1]:8080"
  std::string text() const;
};

}  // namespace wmpush::tool
