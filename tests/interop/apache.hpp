// Apache as a reverse proxy. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"
#include "interop/proxy.hpp"

namespace wmpush::test {

/// Apache with mod_proxy_http, in front of an origin server.
class Apache : public Proxy {
 public:
  /// The Debian package that is missing; empty when all is there.
  static std::string missing();
  /// Whether a module is installed: "auth_gssapi".
  static bool has_module(const std::string& name);

  /// `directives` go into the server's configuration, behind `ProxyPass`.
  Apache(const std::filesystem::path& folder, std::uint16_t origin, const std::string& directives);

  std::uint16_t port() const override { return port_; }
  std::string log() const override;

 private:
  const std::filesystem::path folder_;
  const std::uint16_t port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace wmpush::test
