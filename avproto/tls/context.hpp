// Certificates, keys and rules that the TLS connections of a session or a server share (RFC 8446,
// RFC 5246).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include "wmpush/result.hpp"

struct ssl_ctx_st;

namespace wmpush::tls {

/// What a client trusts, and by what it shows who it is. Files are of PEM.
struct ClientSettings {
  std::string ca_file{};    ///< authorities to trust instead of the system's; empty: the system's
  bool verify = true;       ///< the certificate has to be trusted, and to be for the host
  std::string cert_file{};  ///< of the client, with what leads to its authority; empty: none
  std::string key_file{};   ///< its key, without a passphrase; empty: it is in cert_file
};

/// Never changes; any number of threads may use it. TLS 1.2 at least, "http/1.1" by ALPN.
class Context {
 public:
  /// E_INVALIDARG, with a message that names the file and what is wrong with it.
  static Error client(const ClientSettings& settings, std::shared_ptr<const Context>& context);
  /// `cert_file`: the server's certificate and what leads to its authority; `key_file`: its key, or
  /// empty where that is in the same file. The same errors.
  static Error server(const std::string& cert_file, const std::string& key_file,
                      std::shared_ptr<const Context>& context);

  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  ssl_ctx_st* get() const { return context_; }
  bool verifies() const { return verifies_; }
  bool has_certificate() const { return has_certificate_; }

 private:
  explicit Context(ssl_ctx_st* context) : context_(context) {}

  Error take_certificate(const std::string& cert_file, const std::string& key_file,
                         const char* cert_name, const char* key_name);

  ssl_ctx_st* const context_;
  bool verifies_ = false;
  bool has_certificate_ = false;
};

}  // namespace wmpush::tls
