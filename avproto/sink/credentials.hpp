// The credentials of a session at work: what auth knows, as the engine asks for it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "auth/scheme_negotiation.hpp"
#include "sink/options.hpp"
#include "sink/proxy.hpp"
#include "sink/session_log.hpp"
#include "wmhttp/authenticator.hpp"
#include "wmpush/result.hpp"

namespace wmpush {

/// Hands the engine's questions to a SchemeNegotiation and notes what is being tried.
class SessionAuthenticator : public wmhttp::Authenticator {
 public:
  /// `in_clear`: whoever is on the way can read what is said. `whose` stands at the beginning of
  /// each note; empty: the server's.
  explicit SessionAuthenticator(auth::SchemeNegotiation negotiation, std::string whose = {},
                                bool in_clear = true);

  bool challenged(std::span<const std::string> fields, const Occasion& occasion) override;
  bool takes_time(std::span<const std::string> fields) const override {
    return negotiation_.takes_time(fields);
  }
  std::string explanation() const override { return negotiation_.explanation(); }
  std::vector<Note> take_notes() override { return std::exchange(notes_, {}); }
  std::string authorization(std::string_view method, std::string_view target) override;
  bool unprepared() const override { return negotiation_.unprepared(); }
  void prepare() override { negotiation_.prepare(); }
  bool incomplete() const override { return negotiation_.incomplete(); }
  void accepted() override { negotiation_.accepted(); }
  void begin_anew() override { negotiation_.begin_anew(); }

 private:
  void note(wmpush_log_level level, const std::string& text);

  auth::SchemeNegotiation negotiation_;
  const std::string whose_;
  const bool in_clear_;
  std::vector<Note> notes_;
};

/// Takes user and password from where they are given: the options, password_file, the URL
/// (`url_user`, `url_password`) and WMPUSH_PASSWORD, in this order, into `options`. `log` is told
/// what to hide.
Error read_password(OwnedOptions& options, const std::string& url_user,
                    const std::optional<std::string>& url_password, SessionLog& log);

/// E_INVALIDARG when a text that goes into a field of a request has a control character in it;
/// `whose` begins the message.
Error check_field(std::string_view text, std::string_view whose);

/// Answers for `server` with the user and password of `options`, by the schemes that its `auth`
/// allows. `redirected`: a redirect led there, so that Basic, which shows the password to whoever
/// asks, is used only when `auth` says so.
std::shared_ptr<SessionAuthenticator> make_server_authenticator(const OwnedOptions& options,
                                                                const wmhttp::Destination& server,
                                                                bool redirected);

/// Answers for a proxy with what its address had of credentials. The option `auth` is about the
/// server: here every scheme will do, and auth=basic only lets Basic follow one that was refused.
std::shared_ptr<SessionAuthenticator> make_proxy_authenticator(const OwnedOptions& options,
                                                               const Proxy& proxy);

/// What the option `auth` may be: "any", or a scheme's name in any case. E_INVALIDARG lists them.
Error parse_auth_option(std::string_view text, std::optional<auth::Scheme>& pinned);

/// The value of X-Accept-Authentication (2.2.1.9): what is both possible and wanted, without Basic,
/// which every peer takes for granted.
std::string accepted_authentication(std::optional<auth::Scheme> pinned,
                                    const std::vector<auth::Scheme>& available);

/// All that can be done with this build on this machine: "Negotiate, NTLM, Digest, Basic".
const std::string& authentication_schemes();

}  // namespace wmpush
