// Tinyproxy as a forward proxy. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"
#include "interop/proxy.hpp"

namespace wmpush::test {

class Tinyproxy : public Proxy {
 public:
  /// The Debian package that is missing; empty when all is there.
  static std::string missing();

  // What `directives` can be: who may use the proxy.

  static std::string open() { return {}; }
  /// Neither of the two has a space in it.
  static std::string basic(const std::string& user, const std::string& password);

  Tinyproxy(const std::filesystem::path& folder, const std::string& directives);

  std::uint16_t port() const override { return port_; }
  std::string log() const override;

 private:
  const std::filesystem::path folder_;
  const std::uint16_t port_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace wmpush::test
