// nginx as a reverse proxy. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"
#include "interop/proxy.hpp"

namespace wmpush::test {

/// nginx in front of an origin server.
class Nginx : public Proxy {
 public:
  struct Habits {
    bool shows_itself = true;        ///< by Via
    bool tls = false;                ///< its port is one of TLS, by the tls.pem of the folder
    bool wants_certificate = false;  ///< of clients, by the authority.pem of the folder
  };

  /// The Debian package that is missing; empty when all is there.
  static std::string missing();

  /// `shows_itself`: adds a Via to what the server answers, as the other proxies do.
  Nginx(const std::filesystem::path& folder, std::uint16_t origin)
      : Nginx(folder, origin, Habits()) {}
  Nginx(const std::filesystem::path& folder, std::uint16_t origin, const Habits& habits);

  std::uint16_t port() const override { return port_; }
  std::string log() const override;

 private:
  const std::filesystem::path folder_;
  const std::uint16_t port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace wmpush::test
