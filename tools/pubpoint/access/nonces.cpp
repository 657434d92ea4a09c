#include "pubpoint/access/nonces.hpp"

#include <openssl/rand.h>

#include "core/hexadecimal.hpp"
#include "pubpoint/access/hash.hpp"

namespace wmpush::pubpoint {
namespace {

/// A nonce is looked up by its first digits, which may take any time, and the rest is compared.
constexpr std::size_t kNameDigits = 16;
constexpr std::size_t kBytes = 24;

std::string name_of(std::string_view text) { return std::string(text.substr(0, kNameDigits)); }

}  // namespace

std::string Nonces::issue(Clock::time_point now) {
  std::string bytes(kBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(kBytes)) != 1)
    return {};
  std::string text = hexadecimal(as_bytes(bytes));
  known_.use(name_of(text)) = {text.substr(kNameDigits), 0, now + lifetime_};
  return text;
}

Nonces::Nonce* Nonces::find(std::string_view text, Clock::time_point now) {
  if (text.size() != 2 * kBytes) return nullptr;
  Nonce* const nonce = known_.find(name_of(text));
  if (nonce == nullptr || !same_secret(nonce->secret, text.substr(kNameDigits))) return nullptr;
  if (now < nonce->until) return nonce;
  known_.erase(name_of(text));
  return nullptr;
}

void Nonces::used(std::string_view text, std::uint32_t count, bool again, Clock::time_point now) {
  if (find(text, now) == nullptr) return;
  Nonce& nonce = known_.use(name_of(text));
  nonce.count = count;
  if (again) nonce.until = now + lifetime_;
}

}  // namespace wmpush::pubpoint
