#include "pubpoint/gatekeeper.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace wmpush::pubpoint {
namespace {

/// A client that asks for nonce after nonce makes the oldest ones void.
constexpr std::size_t kMaxNonces = 1000;

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

std::string decoded(std::string_view base64) {
  std::string bytes(base64.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(base64.data()),
                                   static_cast<int>(base64.size()));
  if (size < 0) return {};
  bytes.resize(static_cast<std::size_t>(size));
  while (base64.ends_with('=') && !bytes.empty()) {
    base64.remove_suffix(1);
    bytes.pop_back();
  }
  return bytes;
}

/// Path and query of a request's target or of a Digest's uri: what one of them says in absolute
/// form the other may say without, where a proxy passes a request on as it came (RFC 7616, 3.4.6).
std::string_view resource(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (!target.starts_with(kScheme)) return target;
  target.remove_prefix(kScheme.size());
  return target.substr(std::min(target.find('/'), target.size()));
}

/// name=value and name="value" with commas between; nothing else may stand there.
bool parse_parameters(std::string_view text, std::map<std::string, std::string>& parameters) {
  std::size_t at = 0;
  const auto skip = [&](std::string_view characters) {
    at = std::min(text.find_first_not_of(characters, at), text.size());
  };
  for (skip(" "); at < text.size(); skip(" ")) {
    const std::size_t equals = text.find('=', at);
    if (equals == text.npos || equals + 1 == text.size()) return false;
    const std::string name(text.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
        if (at < text.size()) value += text[at];
      }
      if (at >= text.size()) return false;
      ++at;
    } else {
      const std::size_t end = std::min(text.find_first_of(" ,", at), text.size());
      value = text.substr(at, end - at);
      at = end;
    }
    if (!parameters.emplace(name, value).second) return false;
    skip(" ");
    if (at == text.size()) return true;
    if (text[at++] != ',') return false;
  }
  return !parameters.empty();
}

}  // namespace

Gatekeeper::Gatekeeper(Authentication settings) : settings_(std::move(settings)) {}

Gatekeeper::Admission Gatekeeper::admit(std::string_view authorization, std::string_view method,
                                        std::string_view target) {
  Admission admission;
  if (settings_.user.empty()) {
    admission.granted = true;
    return admission;
  }
  const std::size_t space = std::min(authorization.find(' '), authorization.size());
  const std::string_view scheme = authorization.substr(0, space);
  const std::string_view rest = authorization.substr(std::min(space + 1, authorization.size()));
  if (!offers(scheme)) {
    admission.attempted = !authorization.empty();
    if (admission.attempted) admission.breach = "authorization by a scheme that was not offered";
  } else {
    admission = scheme == "Basic" ? admit_basic(rest) : admit_digest(rest, method, target);
    admission.attempted = true;
  }
  admission.attempt.scheme = scheme;
  admission.attempt.granted = admission.granted;
  if (!admission.granted) admission.challenge = challenge(admission.attempt.stale);
  return admission;
}

Gatekeeper::Admission Gatekeeper::admit_basic(std::string_view credentials) {
  Admission admission;
  const std::string text = decoded(credentials);
  admission.attempt.user = text.substr(0, text.find(':'));
  admission.granted = text == settings_.user + ":" + settings_.password;
  return admission;
}

Gatekeeper::Admission Gatekeeper::admit_digest(std::string_view credentials,
                                               std::string_view method, std::string_view target) {
  Admission admission;
  std::map<std::string, std::string> given;
  const auto breach = [&](std::string text) {
    admission.breach = std::move(text);
    return admission;
  };
  if (!parse_parameters(credentials, given)) return breach("a Digest that cannot be parsed");
  admission.attempt.user = given["username"];
  if (resource(given["uri"]) != resource(target))
    return breach("the uri of the Digest is not that of the request");
  if (given["realm"] != settings_.realm) return breach("the Digest is for another realm");
  if (given["opaque"] != "wmpush") return breach("the Digest does not give opaque back");
  if (given["algorithm"] != settings_.algorithm)
    return breach("the Digest is of another algorithm");
  const bool counted = settings_.qop;
  if (given["qop"] != (counted ? "auth" : "")) return breach("the Digest is of another qop");

  const auto nonce = counts_.find(given["nonce"]);
  if (nonce == counts_.end()) {
    admission.attempt.stale = true;
    return admission;
  }
  std::uint32_t count = nonce->second + 1;
  const std::string& digits = given["nc"];
  if (counted) {
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), count, 16);
    if (digits.size() != 8 || error != std::errc() || end != digits.data() + digits.size())
      return breach("the nonce count of the Digest is no number of eight digits");
    // It counts what was sent: a proxy may have kept some of it to itself.
    if (count <= nonce->second)
      return breach("the nonce count is " + digits + ", and " + std::to_string(nonce->second) +
                    " was there before");
  }

  const std::string_view algorithm = settings_.algorithm;
  std::string secret = hash(settings_.user + ":" + settings_.realm + ":" + settings_.password);
  if (algorithm.ends_with("-sess"))
    secret = hash(secret + ":" + given["nonce"] + ":" + given["cnonce"]);
  const std::string request = hash(std::string(method) + ":" + given["uri"]);
  const std::string middle =
      counted ? given["nonce"] + ":" + digits + ":" + given["cnonce"] + ":auth" : given["nonce"];
  const bool right = given["response"] == hash(secret + ":" + middle + ":" + request) &&
                     given["username"] == settings_.user;
  nonce->second = count;
  if (!right) return admission;
  // The right password with an old nonce: another one will do (RFC 7616, 3.3).
  admission.attempt.stale = settings_.nonce_uses > 0 && count > settings_.nonce_uses;
  admission.granted = !admission.attempt.stale;
  return admission;
}

bool Gatekeeper::offers(std::string_view scheme) const {
  return std::find(settings_.schemes.begin(), settings_.schemes.end(), scheme) !=
         settings_.schemes.end();
}

std::string Gatekeeper::challenge(bool stale) {
  std::string text;
  for (const std::string& scheme : settings_.schemes) {
    if (!text.empty()) text += ", ";
    text += scheme + " realm=\"" + settings_.realm + "\"";
    if (scheme != "Digest") continue;
    std::array<unsigned char, 16> random{};
    RAND_bytes(random.data(), static_cast<int>(random.size()));
    const std::string nonce = hexadecimal(random.data(), random.size());
    if (counts_.size() == kMaxNonces) counts_.clear();
    counts_.emplace(nonce, 0);
    text += ", nonce=\"" + nonce + "\", opaque=\"wmpush\", algorithm=" + settings_.algorithm;
    if (settings_.qop) text += ", qop=\"auth,auth-int\"";
    if (stale) text += ", stale=true";
  }
  return text;
}

std::string Gatekeeper::hash(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), bytes.data(), &size,
             settings_.algorithm.starts_with("MD5") ? EVP_md5() : EVP_sha256(), nullptr);
  return hexadecimal(bytes.data(), size);
}

}  // namespace wmpush::pubpoint
