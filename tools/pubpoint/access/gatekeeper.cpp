#include "pubpoint/access/gatekeeper.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "pubpoint/access/base64.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kOpaque = "wmpush";
constexpr std::string_view kSession = "-sess";

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) (text += text.empty() ? "" : ":") += part;
  return text;
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
    std::string name(text.substr(at, equals - at));
    std::ranges::transform(name, name.begin(), lower);
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

std::optional<std::uint32_t> nonce_count(std::string_view digits) {
  std::uint32_t count = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), count, 16);
  if (digits.size() != 8 || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  return count;
}

Hash kind_of(const Authentication& settings) {
  return settings.algorithm.starts_with("MD5") ? Hash::Md5 : Hash::Sha256;
}

Users with_user(Users users, const Authentication& settings) {
  if (!settings.user.empty())
    users.add(settings.user, settings.realm, settings.password, kind_of(settings));
  return users;
}

}  // namespace

Gatekeeper::Gatekeeper(const Authentication& settings) : Gatekeeper(settings, Users()) {}

Gatekeeper::Gatekeeper(Authentication settings, Users users)
    : settings_(std::move(settings)),
      users_(with_user(std::move(users), settings_)),
      kinds_(users_.kinds()),
      nonces_(settings_.nonces, settings_.nonce_lifetime) {}

Gatekeeper::Admission Gatekeeper::admit(std::string_view authorization, std::string_view method,
                                        std::string_view target, Right right,
                                        std::string_view point, Clock::time_point now) {
  Admission admission;
  // Who administers is known by name, whatever everybody may do.
  if (right != Right::Administer && users_.everybody_may(right, point)) {
    admission.granted = true;
    return admission;
  }
  if (!users_.any()) {  // nobody could say a password
    admission.status = 403;
    return admission;
  }
  admission.attempted = !authorization.empty();
  const std::size_t space = std::min(authorization.find(' '), authorization.size());
  const std::string scheme = offered(authorization.substr(0, space));
  const std::string_view rest = authorization.substr(std::min(space + 1, authorization.size()));
  admission.attempt.scheme = scheme.empty() ? authorization.substr(0, space) : scheme;
  if (scheme == "Basic")
    admit_basic(rest, admission);
  else if (scheme == "Digest")
    admit_digest(rest, method, target, now, admission);
  else if (admission.attempted)
    admission.breach = "authorization by a scheme that was not offered";

  if (admission.user.empty()) {
    admission.status = 401;
    admission.challenge = challenge(admission.attempt.stale, now);
    return admission;
  }
  admission.granted = point.empty() ? users_.may_somewhere(admission.user, right)
                                    : users_.may(admission.user, right, point);
  admission.attempt.granted = admission.granted;
  admission.attempt.forbidden = !admission.granted;
  if (!admission.granted) admission.status = 403;
  return admission;
}

void Gatekeeper::admit_basic(std::string_view credentials, Admission& admission) const {
  const auto text = from_base64(credentials);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    admission.breach = "credentials of Basic that are no user:password";
    return;
  }
  const std::string_view both = *text;
  admission.attempt.user = both.substr(0, colon);
  if (users_.knows(both.substr(0, colon), both.substr(colon + 1)))
    admission.user = admission.attempt.user;
}

void Gatekeeper::admit_digest(std::string_view credentials, std::string_view method,
                              std::string_view target, Clock::time_point now,
                              Admission& admission) {
  std::map<std::string, std::string> given;
  const auto breach = [&](std::string text) { admission.breach = std::move(text); };
  if (!parse_parameters(credentials, given)) return breach("a Digest that cannot be parsed");
  const std::string& user = admission.attempt.user = given["username"];
  // What one of them says in absolute form the other may say without, where a proxy passes a
  // request on as it came (RFC 7616, 3.4.6).
  if (path_and_query(given["uri"]) != path_and_query(target))
    return breach("the uri of the Digest is not that of the request");
  if (given["realm"] != users_.realm()) return breach("the Digest is for another realm");
  if (given["opaque"] != kOpaque) return breach("the Digest does not give opaque back");
  const auto kind = std::ranges::find_if(
      kinds_, [&](Hash known) { return same(algorithm(known), given["algorithm"]); });
  if (kind == kinds_.end()) return breach("the Digest is of another algorithm");
  if (given["qop"] != (settings_.qop ? "auth" : "")) return breach("the Digest is of another qop");

  const Nonces::Nonce* const nonce = nonces_.find(given["nonce"], now);
  if (nonce == nullptr) {
    admission.attempt.stale = true;
    return;
  }
  std::uint32_t count = nonce->count + 1;
  if (settings_.qop) {
    const auto number = nonce_count(given["nc"]);
    if (!number) return breach("the nonce count of the Digest is no number of eight digits");
    count = *number;
    // It counts what was sent: a proxy may have kept some of it to itself.
    if (count <= nonce->count)
      return breach("the nonce count is " + given["nc"] + ", and " + std::to_string(nonce->count) +
                    " was there before");
  }

  const std::string_view known = users_.hash(user, *kind);
  // A name that is not there takes as long as one that is.
  std::string secret = known.empty() ? std::string(hex_size(*kind), '0') : std::string(known);
  if (algorithm(*kind).ends_with(kSession))
    secret = hex_hash(*kind, joined({secret, given["nonce"], given["cnonce"]}));
  const std::string request = hex_hash(*kind, joined({method, given["uri"]}));
  const std::string expected = hex_hash(
      *kind, settings_.qop
                 ? joined({secret, given["nonce"], given["nc"], given["cnonce"], "auth", request})
                 : joined({secret, given["nonce"], request}));
  const bool right = same_secret(given["response"], expected) && !known.empty();
  if (!right) return;
  // Without a count the same answer could be given again, and would then be good for ever.
  nonces_.used(given["nonce"], count, settings_.qop, now);
  // The right password with an old nonce: another one will do (RFC 7616, 3.3).
  admission.attempt.stale = settings_.nonce_uses > 0 && count > settings_.nonce_uses;
  if (!admission.attempt.stale) admission.user = user;
}

std::string Gatekeeper::offered(std::string_view scheme) const {
  const auto found = std::ranges::find_if(
      settings_.schemes, [&](const std::string& known) { return same(known, scheme); });
  return found == settings_.schemes.end() ? std::string() : *found;
}

std::string Gatekeeper::algorithm(Hash kind) const {
  std::string name = kind == Hash::Md5 ? "MD5" : "SHA-256";
  if (settings_.algorithm.ends_with(kSession)) name += kSession;
  return name;
}

std::string Gatekeeper::challenge(bool stale, Clock::time_point now) {
  std::string text;
  const auto add = [&](const std::string& one) { (text += text.empty() ? "" : ", ") += one; };
  const std::string realm = " realm=" + in_quotes(users_.realm());
  for (const std::string& scheme : settings_.schemes) {
    if (scheme != "Digest") {
      add(scheme + realm);
      continue;
    }
    const std::string nonce = nonces_.issue(now);
    if (nonce.empty()) continue;
    // One of each algorithm, MD5 last: a client that knows no other often takes the last one.
    for (const Hash kind : kinds_) {
      add(scheme + realm);
      text.append(", nonce=\"").append(nonce).append("\", opaque=\"").append(kOpaque);
      text.append("\", algorithm=").append(algorithm(kind));
      if (settings_.qop) text += ", qop=\"auth,auth-int\"";
      if (stale) text += ", stale=true";
    }
  }
  return text;
}

}  // namespace wmpush::pubpoint
