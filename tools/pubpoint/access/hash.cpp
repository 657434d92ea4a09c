#include "pubpoint/access/hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>

namespace wmpush::pubpoint {

std::size_t hex_size(Hash kind) { return kind == Hash::Md5 ? 32 : 64; }

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string hex_hash(Hash kind, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size,
                 kind == Hash::Md5 ? EVP_md5() : EVP_sha256(), nullptr) != 1)
    return {};
  return hexadecimal({reinterpret_cast<const char*>(bytes.data()), size});
}

bool same_secret(std::string_view a, std::string_view b) {
  return !a.empty() && a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace wmpush::pubpoint
