#include "support/certificates.hpp"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace wmpush::test {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

void require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("the test's certificates: ") + what);
}

File create(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "we"));
  require(file != nullptr, "a file cannot be written");
  return file;
}

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "an extension");
  X509_EXTENSION_free(extension);
}

/// A certificate without a signature.
Certificate blank(EVP_PKEY* key, const std::string& name, int from_day, int to_day) {
  static std::atomic<long> serial = 1;
  constexpr long kDay = 24 * 3600;
  Certificate made(X509_new(), X509_free);
  require(made != nullptr, "memory");
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from_day * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), to_day * kDay);
  X509_set_pubkey(made.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

Key make_key() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  require(key != nullptr, "a key");
  return key;
}

}  // namespace

struct Certificates::Identity {
  explicit Identity(const std::string& name) {
    add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_NAME* const subject = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), subject);
    require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "a signature");
  }

  Key key = make_key();
  Certificate certificate = blank(key.get(), "Authority of the tests", -2, 3650);
};

Certificates::Certificates()
    : authority_(std::make_unique<Identity>("the authority")),
      stranger_(std::make_unique<Identity>("a stranger")) {
  PEM_write_X509(create(authority()).get(), authority_->certificate.get());
}

Certificates::~Certificates() = default;

std::filesystem::path Certificates::make(const std::string& name, const Wish& wish) const {
  const Key key = make_key();
  const Certificate made =
      blank(key.get(), wish.hosts.empty() ? name : wish.hosts.front(), wish.from_day, wish.to_day);
  std::string names;
  for (const std::string& host : wish.hosts)
    names += (names.empty() ? "" : ",") + std::string(is_address(host) ? "IP:" : "DNS:") + host;
  if (!names.empty()) add_extension(made.get(), NID_subject_alt_name, names);
  const Identity& signer = wish.signer == Signer::Stranger ? *stranger_ : *authority_;
  const bool by_itself = wish.signer == Signer::Itself;
  X509_set_issuer_name(made.get(),
                       X509_get_subject_name(by_itself ? made.get() : signer.certificate.get()));
  require(X509_sign(made.get(), by_itself ? key.get() : signer.key.get(), EVP_sha256()) > 0,
          "a signature");

  const std::filesystem::path path = folder_.path() / (name + ".pem");
  const auto write_key = [&](std::FILE* to) {
    const EVP_CIPHER* const cipher = wish.passphrase.empty() ? nullptr : EVP_aes_128_cbc();
    require(PEM_write_PrivateKey(to, key.get(), cipher,
                                 reinterpret_cast<const unsigned char*>(wish.passphrase.c_str()),
                                 static_cast<int>(wish.passphrase.size()), nullptr, nullptr) == 1,
            "a key cannot be written");
  };
  const File both = create(path);
  PEM_write_X509(both.get(), made.get());
  write_key(both.get());
  write_key(create(folder_.path() / (name + ".key")).get());
  return path;
}

std::shared_ptr<const tls::Context> Certificates::server(const Wish& wish) const {
  std::shared_ptr<const tls::Context> context;
  const Error error = tls::Context::server(make("server", wish).string(), {}, context);
  require(!error, error.message.c_str());
  return context;
}

}  // namespace wmpush::test
