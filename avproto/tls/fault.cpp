#include "tls/fault.hpp"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <memory>
#include <string_view>
#include <vector>

#include "core/printable.hpp"

namespace wmpush::tls {
namespace {

/// So many names of a certificate are named; one for a farm of servers may have hundreds.
constexpr std::size_t kMostNames = 4;

/// Of a name in a certificate, which anybody may have written.
std::string shown(std::string_view text) {
  constexpr std::size_t kMost = 80;
  return printable(text.substr(0, kMost));
}

std::string shown(const ASN1_STRING* text) {
  return shown({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                static_cast<std::size_t>(ASN1_STRING_length(text))});
}

/// The common name of a subject or an issuer, or where there is none, its last part.
std::string name_of(const X509_NAME* name) {
  int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) at = X509_NAME_entry_count(name) - 1;
  if (at < 0) return "nobody";
  return shown(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  char text[32] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::string address_text(const ASN1_OCTET_STRING& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = ASN1_STRING_length(&address) == 4 ? AF_INET : AF_INET6;
  inet_ntop(family, ASN1_STRING_get0_data(&address), text.data(), text.size());
  return text.data();
}

/// The hosts that a certificate is for.
std::vector<std::string> hosts_of(const X509* certificate) {
  std::vector<std::string> hosts;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS)
      hosts.push_back(shown(name->d.dNSName));
    else if (name->type == GEN_IPADD)
      hosts.push_back(address_text(*name->d.iPAddress));
  }
  if (hosts.empty()) hosts.push_back(name_of(X509_get_subject_name(certificate)));
  return hosts;
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNames); ++i)
    text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostNames)
    text += " and " + std::to_string(names.size() - kMostNames) + " more";
  return text;
}

std::string untrusted_issuer(const X509* certificate) {
  return "is signed by '" + name_of(X509_get_issuer_name(certificate)) +
         "', which this machine does not trust: give that authority's certificate as ca_file, or "
         "have the server send what leads to a known one";
}

/// What is wrong with a certificate, and the remedy.
std::string certificate_fault(int error, int depth, const X509* certificate,
                              const std::string& host) {
  const std::string whose = depth == 0 ? std::string("the server's certificate ")
                                       : "the certificate of '" +
                                             name_of(X509_get_subject_name(certificate)) +
                                             "', by which the server's is signed, ";
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return whose + "is for " + listed(hosts_of(certificate)) + " and not for " + host +
             ": push to a name that it has, or give the server a certificate for this one";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return whose + "expired on " + date_of(X509_get0_notAfter(certificate)) +
             ": the server needs a new one, unless the clock here is wrong";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return whose + "is not valid before " + date_of(X509_get0_notBefore(certificate)) +
             ": the clock here or the server's certificate is wrong";
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return whose + "is signed by nobody but itself: give it as ca_file to trust it";
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return whose + untrusted_issuer(certificate);
    default:
      return whose + "cannot be trusted (" + X509_verify_cert_error_string(error) +
             "): the server needs another one";
  }
}

/// One index for the process, which OpenSSL gives out and never takes back.
int verification_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

/// What is wrong with our certificate, when an alert says so; empty: it is about something else.
std::string certificate_alert(unsigned long error, const Verification& verification) {
  struct Alert {
    int reason;
    const char* text;
  };
  constexpr std::array<Alert, 7> kAlerts = {
      {{SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, "certificate required"},
       {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, "bad certificate"},
       {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, "unsupported certificate"},
       {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, "certificate revoked"},
       {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, "certificate expired"},
       {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, "certificate unknown"},
       {SSL_R_TLSV1_ALERT_UNKNOWN_CA, "unknown authority"}}};
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return {};
  const auto* const alert = std::ranges::find(kAlerts, ERR_GET_REASON(error), &Alert::reason);
  if (alert == kAlerts.end()) return {};
  if (!verification.has_certificate)
    return "the server wants to see a certificate: name one with cert_file and key_file";
  return std::string("the server does not take the certificate in cert_file (") + alert->text + ")";
}

}  // namespace

void attach(ssl_st* connection, Verification& verification) {
  SSL_set_ex_data(connection, verification_index(), &verification);
}

int note_certificate_fault(int good, x509_store_ctx_st* store) {
  if (good == 1) return 1;
  const void* const connection =
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  auto* const verification = static_cast<Verification*>(
      SSL_get_ex_data(static_cast<const SSL*>(connection), verification_index()));
  try {
    verification->fault =
        certificate_fault(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store),
                          X509_STORE_CTX_get_current_cert(store), verification->host) +
        "; tls_verify=0 pushes to whoever it is";
  } catch (const std::exception&) {
    verification->out_of_memory = true;
  }
  return 0;
}

std::string reason_of(unsigned long error) {
  const char* const reason = ERR_reason_error_string(error);
  return reason == nullptr ? "error " + std::to_string(error) : reason;
}

std::string handshake_fault(unsigned long error, const Verification& verification) {
  if (!verification.fault.empty()) return verification.fault;
  if (std::string about = certificate_alert(error, verification); !about.empty()) return about;
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return "TLS failed: " + reason_of(error);
  switch (ERR_GET_REASON(error)) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_LENGTH_MISMATCH:
    case SSL_R_BAD_RECORD_TYPE:
    case SSL_R_UNEXPECTED_MESSAGE:
    case SSL_R_UNKNOWN_PROTOCOL:
      return "the server speaks no TLS on this port: push to its port for TLS, or without TLS to "
             "wmpush://";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return "the server speaks only a TLS older than 1.2: it needs a newer one";
    case SSL_R_TLSV1_ALERT_INTERNAL_ERROR:
      return "the server cannot take a TLS connection now (internal error): it may be full";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
      return "the server has no host of the name " + verification.host;
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
      return "the server closed the connection in the middle of the TLS handshake: does it speak "
             "TLS on this port?";
    default:
      return "the TLS handshake failed: " + reason_of(error);
  }
}

std::string connection_fault(unsigned long error, const Verification& verification) {
  // With TLS 1.3 the server looks at our certificate when the handshake is over for us.
  const std::string about = certificate_alert(error, verification);
  return about.empty() ? "TLS failed: " + reason_of(error) : about;
}

bool is_plain_http(unsigned long error) {
  return ERR_GET_LIB(error) == ERR_LIB_SSL && (ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST ||
                                               ERR_GET_REASON(error) == SSL_R_HTTPS_PROXY_REQUEST);
}

}  // namespace wmpush::tls
