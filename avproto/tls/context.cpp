#include "tls/context.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <new>
#include <string_view>
#include <system_error>

#include "tls/fault.hpp"

namespace wmpush::tls {
namespace {

constexpr std::array<unsigned char, 9> kAlpn = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// OpenSSL would ask on the terminal of whoever runs us.
int no_passphrase(char*, int, int, void*) { return -1; }

/// Another protocol is no reason to refuse a client that knows this one as well.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  unsigned char* mine = nullptr;
  if (SSL_select_next_proto(&mine, size, kAlpn.data(), kAlpn.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *chosen = mine;
  return SSL_TLSEXT_ERR_OK;
}

Error unusable(const char* option, const std::string& file, const std::string& why) {
  return {Result::E_INVALIDARG, 0, 0, std::string(option) + " '" + file + "': " + why};
}

/// What an error of OpenSSL's means for a file that was to have `wanted` in it; empty: nothing that
/// is known here.
std::string meaning(unsigned long error, const std::string& wanted) {
  const int reason = ERR_GET_REASON(error);
  switch (ERR_GET_LIB(error)) {
    case ERR_LIB_PEM:
      if (reason == PEM_R_NO_START_LINE) return "it has no " + wanted + " in PEM";
      if (reason == PEM_R_BAD_PASSWORD_READ || reason == PEM_R_BAD_DECRYPT)
        return "the key has a passphrase: 'openssl pkey -in FILE -out FILE' takes it off";
      break;
    case ERR_LIB_X509:
      if (reason == X509_R_NO_CERTIFICATE_FOUND || reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND)
        return "it has no " + wanted + " in PEM";
      if (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)
        return "the key in it is not that of the certificate";
      break;
    case ERR_LIB_OSSL_DECODER:
      if (reason == ERR_R_UNSUPPORTED) return "it has no " + wanted + " in PEM";
      break;
    default:
      break;
  }
  return {};
}

/// Why a file of PEM could not be taken, by what OpenSSL has noted.
std::string file_fault(const std::string& file, const std::string& wanted) {
  std::FILE* const opened = std::fopen(file.c_str(), "re");
  if (opened == nullptr) return std::generic_category().message(errno);
  std::fclose(opened);
  const unsigned long first = ERR_peek_error();
  while (const unsigned long error = ERR_get_error())
    if (std::string known = meaning(error, wanted); !known.empty()) return known;
  return "no " + wanted + " can be read from it: " + reason_of(first);
}

ssl_ctx_st* make(const SSL_METHOD* method) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(method);
  if (context == nullptr) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // of connections that are idle
  // One call reads one record: a peer that sends nothing but the protocol's own holds nobody up.
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  return context;
}

}  // namespace

Context::~Context() { SSL_CTX_free(context_); }

Error Context::client(const ClientSettings& settings, std::shared_ptr<const Context>& context) {
  const std::shared_ptr<Context> made(new Context(make(TLS_client_method())));
  if (settings.cert_file.empty() && !settings.key_file.empty())
    return {Result::E_INVALIDARG, 0, 0,
            "key_file is given without cert_file: a key is of no use without its certificate"};
  made->verifies_ = settings.verify;
  if (settings.verify) {
    SSL_CTX_set_verify(made->context_, SSL_VERIFY_PEER, note_certificate_fault);
    if (settings.ca_file.empty())
      SSL_CTX_set_default_verify_paths(made->context_);
    else if (SSL_CTX_load_verify_locations(made->context_, settings.ca_file.c_str(), nullptr) != 1)
      return unusable("ca_file", settings.ca_file, file_fault(settings.ca_file, "certificate"));
  }
  if (!settings.cert_file.empty())
    if (Error error =
            made->take_certificate(settings.cert_file, settings.key_file, "cert_file", "key_file"))
      return error;
  if (SSL_CTX_set_alpn_protos(made->context_, kAlpn.data(), kAlpn.size()) != 0)
    throw std::bad_alloc();
  context = made;
  return {};
}

Error Context::server(const std::string& cert_file, const std::string& key_file,
                      std::shared_ptr<const Context>& context) {
  const std::shared_ptr<Context> made(new Context(make(TLS_server_method())));
  if (Error error = made->take_certificate(cert_file, key_file, "tls_cert", "tls_key"))
    return error;
  SSL_CTX_set_options(made->context_, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_alpn_select_cb(made->context_, choose_protocol, nullptr);
  context = made;
  return {};
}

Error Context::take_certificate(const std::string& cert_file, const std::string& key_file,
                                const char* cert_name, const char* key_name) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context_, cert_file.c_str()) != 1)
    return unusable(cert_name, cert_file, file_fault(cert_file, "certificate"));
  const bool separate = !key_file.empty();
  const std::string& file = separate ? key_file : cert_file;
  ERR_clear_error();
  if (SSL_CTX_use_PrivateKey_file(context_, file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context_) != 1) {
    const std::string remedy =
        separate ? "" : std::string("; ") + key_name + " names another file for the key";
    return unusable(separate ? key_name : cert_name, file, file_fault(file, "key") + remedy);
  }
  has_certificate_ = true;
  return {};
}

}  // namespace wmpush::tls
