#include "pubpoint/access/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <span>

#include "core/hexadecimal.hpp"
#include "pubpoint/access/base64.hpp"

namespace wmpush::pubpoint {

std::size_t hex_size(Hash kind) { return kind == Hash::Md5 ? 32 : 64; }

std::string hex_hash(Hash kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size,
                 kind == Hash::Md5 ? EVP_md5() : EVP_sha256(), nullptr) != 1)
    return {};
  return hexadecimal(std::as_bytes(std::span(bytes)).first(size));
}

std::string signature(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes.data(),
           &size) == nullptr)
    return {};
  return base64url({reinterpret_cast<const char*>(bytes.data()), size});
}

bool same_secret(std::string_view a, std::string_view b) {
  return !a.empty() && a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace wmpush::pubpoint
