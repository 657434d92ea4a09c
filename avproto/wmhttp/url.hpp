// The address of a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

inline constexpr std::uint16_t kPlainPort = 80;
inline constexpr std::uint16_t kTlsPort = 443;

/// Where a connection goes.
struct Destination {
  std::string host;  ///< an IPv6 literal without its brackets
  std::uint16_t port = kPlainPort;
  bool tls = false;

  /// What a Host header says: the port only when it is not the usual one.
  std::string authority() const;
  /// "wmpush", "wmpushs"
  std::string scheme() const { return tls ? "wmpushs" : "wmpush"; }
  bool operator==(const Destination&) const = default;
};

/// wmpush://[user[:password]@]host[:port]/publishing-point[?query], or wmpushs:// for the same over
/// TLS; http:// and https:// mean the same as these.
struct PushUrl {
  std::string user;                     ///< percent-decoded; empty = none
  std::optional<std::string> password;  ///< percent-decoded
  Destination server;
  /// Path and query as they were written: relays read channel data out of them, so nothing is
  /// normalised. Query parameters that are options are taken out.
  std::string target;
  std::vector<std::pair<std::string, std::string>> options;  ///< name, percent-decoded value

  /// For people: with the user, never with the password or the options.
  std::string display() const;
};

/// Whether a scheme of a URL can be written so (RFC 3986, 3.1).
bool is_scheme(std::string_view text);

/// Parses `text`; `is_option` tells which query parameters are options. NS_E_INVALID_NAME for a bad
/// host, E_INVALIDARG for everything else. The message does not repeat a password.
Error parse_url(std::string_view text, const std::function<bool(std::string_view)>& is_option,
                PushUrl& url);

}  // namespace wmpush::wmhttp
