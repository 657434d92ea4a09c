// The proxies that pushes are tried through, each as its users have it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "interop/proxy.hpp"

namespace wmpush::test {

struct Arrangement {
  std::string name;     ///< a word: "nginx"
  std::string missing;  ///< what it takes and is not here, a Debian package; empty: it can be run
  /// A forward proxy, which the client is told of: the URL has the publishing point's port. Else
  /// it has the proxy's.
  bool forward = false;
  /// Over TLS: the publishing point's own, which a forward proxy makes a tunnel to, or the proxy's,
  /// with the certificate in the file tls.pem of its folder.
  bool tls = false;
  std::string user{};         ///< whom the proxy lets through, with kProxyPassword; empty: everyone
  bool shows_itself = false;  ///< by Via, or the client was told: it knows of a proxy
  /// Whether what a server answers before the end of a request reaches the client at once.
  bool passes_early_answers = true;
  /// Starts it with its files in this folder, in front of the publishing point on this port.
  std::function<std::unique_ptr<Proxy>(const std::filesystem::path& folder, std::uint16_t origin)>
      start{};

  /// The publishing point itself is one of TLS.
  bool tls_at_origin() const { return tls && forward; }

  /// The URL of a publishing point, and the value of http_proxy that leads there, empty for none.
  /// `origin`: its port, that for TLS if tls_at_origin().
  std::string url(const Proxy& proxy, std::uint16_t origin, const std::string& path) const;
  std::string http_proxy(const Proxy& proxy, const std::string& password) const;
};

inline constexpr const char* kProxyPassword = "Sesam-oeffne-dich";

inline void PrintTo(const Arrangement& arrangement, std::ostream* out) { *out << arrangement.name; }

const std::vector<Arrangement>& arrangements();
/// Those of which it is true.
std::vector<Arrangement> arrangements(const std::function<bool(const Arrangement&)>& which);
/// The one of this name, which there must be.
const Arrangement& arrangement(std::string_view name);

}  // namespace wmpush::test
