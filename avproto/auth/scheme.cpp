#include "auth/scheme.hpp"

#include "auth/challenge.hpp"
#include "auth/gssapi.hpp"

namespace wmpush::auth {

std::string_view name(Scheme scheme) {
  switch (scheme) {
    case Scheme::Negotiate:
      return "Negotiate";
    case Scheme::Ntlm:
      return "NTLM";
    case Scheme::Digest:
      return "Digest";
    case Scheme::Basic:
      break;
  }
  return "Basic";
}

std::optional<Scheme> find_scheme(std::string_view text) {
  for (const Scheme scheme : kPreference)
    if (same_word(text, name(scheme))) return scheme;
  return std::nullopt;
}

std::vector<Scheme> available_schemes() {
  std::vector<Scheme> schemes;
  for (const Scheme scheme : kPreference)
    if (scheme == Scheme::Digest || scheme == Scheme::Basic || gssapi_offers(scheme))
      schemes.push_back(scheme);
  return schemes;
}

}  // namespace wmpush::auth
