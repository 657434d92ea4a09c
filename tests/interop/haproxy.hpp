// HAProxy as a reverse proxy. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"
#include "interop/proxy.hpp"

namespace wmpush::test {

/// HAProxy in front of an origin server.
class Haproxy : public Proxy {
 public:
  /// The Debian package that is missing; empty when all is there.
  static std::string missing();

  /// `tls`: its port is one of TLS, with the certificate in tls.pem of the folder.
  Haproxy(const std::filesystem::path& folder, std::uint16_t origin, bool tls = false);

  std::uint16_t port() const override { return port_; }
  std::string log() const override;

 private:
  const std::filesystem::path folder_;
  const std::uint16_t port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace wmpush::test
