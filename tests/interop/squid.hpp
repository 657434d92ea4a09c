// Squid as a forward proxy. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"
#include "interop/proxy.hpp"

namespace wmpush::test {

class Squid : public Proxy {
 public:
  /// The Debian package that is missing; empty when all is there.
  static std::string missing();
  /// Whether ntlm_judge, which needs GSSAPI, was built beside this program.
  static bool can_do_ntlm();

  // What `directives` can be: open(), or any of basic() to negotiate() followed by known_users().

  static std::string open() { return "http_access allow all\n"; }
  static std::string known_users();
  /// A user whose password is in a file that these make in `folder`.
  static std::string basic(const std::filesystem::path& folder, const std::string& user,
                           const std::string& password);
  static std::string digest(const std::filesystem::path& folder, const std::string& user,
                            const std::string& password);
  /// The helper is ntlm_judge.cpp; the environment names its users (NTLM_USER_FILE). It counts in
  /// the file "ntlm.log" of `folder`.
  static std::string ntlm(const std::filesystem::path& folder);
  /// Kerberos, with the keys of HTTP/localhost.
  static std::string negotiate(const std::filesystem::path& keytab);

  Squid(const std::filesystem::path& folder, const std::string& directives);
  ~Squid() override;

  std::uint16_t port() const override { return port_; }
  std::string log() const override;
  /// A line for each request that is over: `status method URL user Proxy-Authorization`.
  std::string accesses() const;

 private:
  const std::filesystem::path folder_;
  const std::uint16_t port_;
  const std::string service_;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace wmpush::test
