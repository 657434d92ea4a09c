#include "sink/credentials.hpp"

#include <cstdlib>

#include "core/first_line.hpp"
#include "core/printable.hpp"

namespace wmpush {
namespace {

/// Stands for Basic where a redirect has led.
class WithheldBasic : public auth::Mechanism {
 public:
  Step take(std::span<const auth::Challenge>, std::string& why) override {
    why = "a redirect led here, and it would show the password; auth=basic gives it";
    return Step::Impossible;
  }
  std::string authorization(const auth::RequestLine&) override { return {}; }
  void accepted() override {}
};

std::unique_ptr<auth::Mechanism> make_for_redirected(auth::Scheme scheme,
                                                     const auth::Credentials& credentials) {
  if (scheme == auth::Scheme::Basic) return std::make_unique<WithheldBasic>();
  return auth::make_mechanism(scheme, credentials);
}

}  // namespace

SessionAuthenticator::SessionAuthenticator(auth::SchemeNegotiation negotiation, std::string whose,
                                           bool in_clear)
    : negotiation_(std::move(negotiation)), whose_(std::move(whose)), in_clear_(in_clear) {}

bool SessionAuthenticator::challenged(std::span<const std::string> fields,
                                      const Occasion& occasion) {
  if (!negotiation_.challenged(fields, {occasion.setup, occasion.connection_kept})) return false;
  note(WMPUSH_LOG_VERBOSE, "asked who is there, answering with " + negotiation_.attempt());
  if (const std::string reason = negotiation_.reason_for_basic(); !reason.empty() && in_clear_)
    note(WMPUSH_LOG_WARNING,
         "answering by Basic, which shows the password to whoever can read the connection, since "
         "the better schemes that are offered cannot be used (" +
             reason + ")");
  return true;
}

void SessionAuthenticator::note(wmpush_log_level level, const std::string& text) {
  notes_.push_back({level, whose_.empty() ? text : whose_ + ": " + text});
}

std::string SessionAuthenticator::authorization(std::string_view method, std::string_view target) {
  return negotiation_.authorization({method, target});
}

Error read_password(OwnedOptions& options, const std::string& url_user,
                    const std::optional<std::string>& url_password, SessionLog& log) {
  if (url_password) log.hide(*url_password);
  if (options->user == nullptr && !url_user.empty())
    if (Error error = options.set("user", url_user)) return error;
  if (options->password == nullptr && options->password_file != nullptr) {
    const std::string name = options->password_file;
    std::string password;
    if (Error error = read_first_line("password_file", name, password)) return error;
    if (Error error = options.set("password", password)) return error;
  }
  if (options->password == nullptr && url_password)
    if (Error error = options.set("password", *url_password)) return error;
  if (options->password == nullptr)
    if (const char* password = std::getenv("WMPUSH_PASSWORD"))
      if (Error error = options.set("password", password)) return error;
  if (options->password != nullptr) log.hide(options->password);
  return {};
}

Error check_field(std::string_view text, std::string_view whose) {
  if (!has_control_character(text)) return {};
  return {Result::E_INVALIDARG, 0, 0, std::string(whose) + " has a control character in it"};
}

std::shared_ptr<SessionAuthenticator> make_server_authenticator(const OwnedOptions& options,
                                                                const wmhttp::Destination& server,
                                                                bool redirected) {
  std::optional<auth::Scheme> pinned;
  static_cast<void>(parse_auth_option(options->auth == nullptr ? "" : options->auth, pinned));
  auth::Credentials credentials{server.host, options->user == nullptr ? "" : options->user,
                                std::nullopt};
  if (options->password != nullptr) credentials.password = options->password;
  const bool withhold = redirected && pinned != auth::Scheme::Basic;
  return std::make_shared<SessionAuthenticator>(
      auth::SchemeNegotiation(std::move(credentials), pinned, auth::available_schemes(),
                              withhold ? make_for_redirected : auth::make_mechanism),
      std::string(), !server.tls);
}

std::shared_ptr<SessionAuthenticator> make_proxy_authenticator(const OwnedOptions& options,
                                                               const Proxy& proxy) {
  std::optional<auth::Scheme> pinned;
  static_cast<void>(parse_auth_option(options->auth == nullptr ? "" : options->auth, pinned));
  auth::SchemeNegotiation negotiation({proxy.address.host, proxy.user, proxy.password}, {});
  if (pinned == auth::Scheme::Basic) negotiation.allow_basic_after_refusal();
  return std::make_shared<SessionAuthenticator>(std::move(negotiation), proxy.display());
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
