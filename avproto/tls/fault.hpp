// What is wrong with a certificate or a handshake, in one clause with the remedy.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

struct ssl_st;
struct x509_store_ctx_st;

namespace wmpush::tls {

/// What is wrong with the peer's certificate, and what else is known of a client's handshake.
struct Verification {
  std::string host;   ///< that the certificate has to be for
  std::string fault;  ///< empty: nothing is wrong with it
  bool out_of_memory = false;
  bool has_certificate = false;  ///< of our own
};

/// The Verification of a connection, for note_certificate_fault().
void attach(ssl_st* connection, Verification& verification);
/// For SSL_CTX_set_verify(): notes in the Verification what is wrong, with the remedy.
int note_certificate_fault(int good, x509_store_ctx_st* store);

/// OpenSSL's own words for one of its errors.
std::string reason_of(unsigned long error);
/// What `error` of a client's handshake means, and what can be done about it.
std::string handshake_fault(unsigned long error, const Verification& verification);
/// The same of its connection afterwards.
std::string connection_fault(unsigned long error, const Verification& verification);
/// A client has sent an HTTP request in clear.
bool is_plain_http(unsigned long error);

}  // namespace wmpush::tls
