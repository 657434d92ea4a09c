#include "sink/credentials.hpp"

namespace wmpush {

LoggedAuthenticator::LoggedAuthenticator(auth::Responder responder, const Log& log,
                                         std::string where)
    : responder_(std::move(responder)), log_(log), where_(std::move(where)) {}

bool LoggedAuthenticator::challenged(std::span<const std::string> fields,
                                     const Occasion& occasion) {
  const bool again = responder_.challenged(fields, {occasion.setup, occasion.connection_kept});
  if (again)
    log_.write(WMPUSH_LOG_VERBOSE,
               where_ + ": asked who is there, answering with " + responder_.attempt());
  return again;
}

std::string LoggedAuthenticator::authorization(std::string_view method, std::string_view target) {
  return responder_.authorization({method, target});
}

Error parse_auth_option(std::string_view text, std::optional<auth::Scheme>& pinned) {
  pinned.reset();
  if (text.empty() || auth::same_word(text, "any")) return {};
  pinned = auth::find_scheme(text);
  if (pinned) return {};
  return {Result::E_INVALIDARG, 0, 0,
          "'" + std::string(text) +
              "' is not a value for auth: any, negotiate, ntlm, digest or basic can be given"};
}

std::string accepted_authentication(std::optional<auth::Scheme> pinned,
                                    const std::vector<auth::Scheme>& available) {
  std::string names;
  for (const auth::Scheme scheme : available)
    if (scheme != auth::Scheme::Basic && (!pinned || *pinned == scheme))
      names += (names.empty() ? "" : ", ") + std::string(auth::name(scheme));
  return names;
}

const std::string& authentication_schemes() {
  static const std::string kNames = [] {
    std::string names;
    for (const auth::Scheme scheme : auth::available_schemes())
      names += (names.empty() ? "" : ", ") + std::string(auth::name(scheme));
    return names;
  }();
  return kNames;
}

}  // namespace wmpush
