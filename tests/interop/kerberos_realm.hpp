// A Kerberos realm of a test's own. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "interop/daemon.hpp"

namespace wmpush::test {

/// The realm WMS.TEST with one user and the service HTTP/localhost, served by a KDC on a free port
/// as long as the object lives. The environment of this process is set so that Kerberos means this
/// realm, and its tickets go into the folder.
class KerberosRealm {
 public:
  /// The Debian package that is missing to run one; empty when all is there.
  static std::string missing();

  /// Throws std::runtime_error, with what the program said, when something does not run.
  KerberosRealm(const std::filesystem::path& folder, std::string user, std::string password);

  /// Keys of HTTP/localhost, which every user of the machine may read.
  std::filesystem::path keytab() const { return folder_ / "keytab"; }
  void get_ticket() const;
  void drop_tickets() const;

 private:
  const std::filesystem::path folder_;
  const std::string user_;
  const std::string password_;
  std::unique_ptr<Daemon> kdc_;
};

}  // namespace wmpush::test
