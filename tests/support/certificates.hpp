// Certificates of the tests' own: an authority, and those that it signs, good and bad.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"
#include "tls/context.hpp"

namespace wmpush::test {

/// Files of PEM that go away with the object. Keys are of the curve P-256.
class Certificates {
 public:
  enum class Signer { Authority, Itself, Stranger };
  struct Wish {
    std::vector<std::string> hosts{"127.0.0.1", "localhost"};  ///< names and addresses
    int from_day = -1;                                         ///< valid from today and so many
    int to_day = 30;
    Signer signer = Signer::Authority;
    std::string passphrase{};  ///< of the key; empty: none
  };

  Certificates();
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  /// The certificate of the authority: what a client is to trust.
  std::filesystem::path authority() const { return folder_.path() / "authority.pem"; }
  /// Makes the file NAME.pem with certificate and key, and NAME.key with the key alone.
  std::filesystem::path make(const std::string& name, const Wish& wish) const;
  std::filesystem::path make(const std::string& name) const { return make(name, Wish()); }
  /// What a server with such a certificate needs.
  std::shared_ptr<const tls::Context> server(const Wish& wish) const;
  std::shared_ptr<const tls::Context> server() const { return server(Wish()); }

  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  struct Identity;  // a certificate and its key

  TemporaryDirectory folder_;
  std::unique_ptr<Identity> authority_;
  std::unique_ptr<Identity> stranger_;
};

}  // namespace wmpush::test
