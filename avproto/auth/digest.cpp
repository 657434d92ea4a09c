#include "auth/digest.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <span>
#include <stdexcept>

#include "core/hexadecimal.hpp"

namespace wmpush::auth {
namespace {

/// How often in a row a server may say that the nonce which it has just given is stale.
constexpr int kMaxRenewals = 2;

/// After a call that failed: what OpenSSL has noted of it is forgotten.
void pass_on_lack_of_memory() {
  bool out_of_memory = false;
  while (const unsigned long error = ERR_get_error())
    out_of_memory = out_of_memory || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
  if (out_of_memory) throw std::bad_alloc();
}

/// Empty when OpenSSL cannot do the hash, as in a FIPS module without MD5.
std::string hash(DigestAlgorithm::Hash which, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  const EVP_MD* algorithm = which == DigestAlgorithm::Hash::Md5 ? EVP_md5() : EVP_sha256();
  if (EVP_Digest(text.data(), text.size(), bytes.data(), &size, algorithm, nullptr) != 1) {
    pass_on_lack_of_memory();
    return {};
  }
  return hexadecimal(std::as_bytes(std::span(bytes)).first(size));
}

/// "a:b:c"
std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text.append(part).append(":");
  text.pop_back();
  return text;
}

/// Whether `word` is in a list with commas.
bool lists(std::string_view list, std::string_view word) {
  while (true) {
    const std::size_t comma = list.find(',');
    std::string_view part = list.substr(0, comma);
    while (part.starts_with(' ') || part.starts_with('\t')) part.remove_prefix(1);
    while (part.ends_with(' ') || part.ends_with('\t')) part.remove_suffix(1);
    if (same_word(part, word)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// Whether there is a quality of protection among those offered that can be had here.
bool can_protect(const Challenge& challenge) {
  const auto qop = challenge.parameter("qop");
  return !qop || qop->empty() || lists(*qop, "auth");
}

}  // namespace

std::optional<DigestAlgorithm> find_digest_algorithm(std::string_view name) {
  using Hash = DigestAlgorithm::Hash;
  if (same_word(name, "MD5")) return DigestAlgorithm{Hash::Md5, false};
  if (same_word(name, "MD5-sess")) return DigestAlgorithm{Hash::Md5, true};
  if (same_word(name, "SHA-256")) return DigestAlgorithm{Hash::Sha256, false};
  if (same_word(name, "SHA-256-sess")) return DigestAlgorithm{Hash::Sha256, true};
  return std::nullopt;
}

std::string digest_response(const DigestInput& input) {
  const auto hash = [](DigestAlgorithm::Hash which, std::string_view text) {
    std::string value = auth::hash(which, text);
    // take() has seen that it can be done. An answer with a hole in it would only be refused.
    if (value.empty()) throw std::runtime_error("OpenSSL failed to compute a hash");
    return value;
  };
  const DigestAlgorithm::Hash which = input.algorithm.hash;
  std::string secret = hash(which, joined({input.user, input.realm, input.password}));
  if (input.algorithm.session) secret = hash(which, joined({secret, input.nonce, input.cnonce}));
  const std::string request = hash(which, joined({input.method, input.target}));
  if (!input.qop_auth) return hash(which, joined({secret, input.nonce, request}));
  return hash(which,
              joined({secret, input.nonce, input.nonce_count, input.cnonce, "auth", request}));
}

DigestMechanism::DigestMechanism(Credentials credentials) : credentials_(std::move(credentials)) {}

/// A nonce that has run out is no refusal. Some servers do not say that it is that, but where the
/// old one was good once, a new one deserves a try.
bool DigestMechanism::may_renew(const Challenge& challenge) const {
  const auto stale = challenge.parameter("stale");
  return (worked_ || (stale && same_word(*stale, "true"))) &&
         challenge.parameter("nonce") != std::string_view(nonce_) && renewals_ < kMaxRenewals;
}

Mechanism::Step DigestMechanism::take(std::span<const Challenge> challenges, std::string& why) {
  const Challenge* best = nullptr;
  DigestAlgorithm best_algorithm;
  std::string others;
  for (const Challenge& challenge : challenges) {
    const std::string_view written = challenge.parameter("algorithm").value_or("MD5");
    const auto algorithm = find_digest_algorithm(written);
    if (!algorithm || !can_protect(challenge) || !challenge.parameter("nonce")) {
      others += (others.empty() ? "" : ", ") + std::string(written);
    } else if (best == nullptr || algorithm->hash > best_algorithm.hash) {
      best = &challenge;
      best_algorithm = *algorithm;
    }
  }
  if (best == nullptr) {
    why = "its algorithm (" + others + ") or quality of protection is not known here";
    return Step::Impossible;
  }
  if (nonce_count_ > 0) {
    if (!may_renew(*best)) return Step::Refused;
    ++renewals_;
  }
  why = credentials_.user.empty() ? "no user was given" : "no password was given";
  if (credentials_.user.empty() || !credentials_.password) return Step::Impossible;
  why.clear();

  std::array<unsigned char, 16> random{};
  if (hash(best_algorithm.hash, {}).empty() ||
      RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    pass_on_lack_of_memory();
    why = "OpenSSL does not do its hash here";
    return Step::Impossible;
  }
  algorithm_ = best_algorithm;
  cnonce_ = hexadecimal(std::as_bytes(std::span(random)));
  algorithm_name_ = best->parameter("algorithm").value_or("");
  realm_ = best->parameter("realm").value_or("");
  nonce_ = *best->parameter("nonce");
  opaque_ = best->parameter("opaque");
  const auto qop = best->parameter("qop");
  qop_auth_ = qop && !qop->empty();
  nonce_count_ = 0;
  worked_ = false;
  return Step::Ready;
}

std::string DigestMechanism::authorization(const RequestLine& request) {
  char count[16];
  std::snprintf(count, sizeof count, "%08x", ++nonce_count_);
  const std::string response =
      digest_response({algorithm_, credentials_.user, *credentials_.password, realm_, nonce_,
                       cnonce_, count, qop_auth_, request.method, request.target});
  std::string text = "Digest username=" + quoted_string(credentials_.user) +
                     ", realm=" + quoted_string(realm_) + ", nonce=" + quoted_string(nonce_) +
                     ", uri=" + quoted_string(request.target) + ", response=\"" + response + "\"";
  if (!algorithm_name_.empty()) text += ", algorithm=" + algorithm_name_;
  if (opaque_) text += ", opaque=" + quoted_string(*opaque_);
  if (qop_auth_ || algorithm_.session) text += ", cnonce=\"" + cnonce_ + "\"";
  if (qop_auth_) text += std::string(", qop=auth, nc=") + count;
  return text;
}

void DigestMechanism::accepted() {
  worked_ = true;
  renewals_ = 0;
}

}  // namespace wmpush::auth
