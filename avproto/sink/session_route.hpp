// By which way a session goes, and with what for credentials.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sink/credentials.hpp"
#include "sink/options.hpp"
#include "sink/proxy.hpp"
#include "sink/session_log.hpp"
#include "tls/context.hpp"
#include "wmhttp/push_engine.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/result.hpp"

namespace wmpush {

/// Where the program wants to go, where redirects have led, and who answers there when somebody
/// asks who is there: an authenticator never outlives the place that it is for.
class SessionRoute {
 public:
  /// Reads from `options`, which are borrowed, by which way `url` is to be reached, as whom, and
  /// whom to trust there. E_INVALIDARG.
  Error begin(wmhttp::PushUrl url, const OwnedOptions& options, SessionLog& log);

  /// Follows the engine to where redirects have led it: what is known of the place it has left is
  /// not for another. E_INVALIDARG, when the proxy for the new place is named wrongly.
  Error follow(wmhttp::PushEngine& engine, SessionLog& log);

  const wmhttp::PushUrl& url() const { return url_; }
  const std::optional<Proxy>& proxy() const { return proxy_; }
  /// Where the server is one of TLS.
  const std::shared_ptr<const tls::Context>& tls() const { return tls_; }
  /// The value of X-Accept-Authentication.
  const std::string& authentication_schemes() const { return authentication_schemes_; }
  /// Shared with whoever is being asked in another thread.
  const std::shared_ptr<SessionAuthenticator>& authenticator() const { return authenticator_; }
  const std::shared_ptr<SessionAuthenticator>& proxy_authenticator() const {
    return proxy_authenticator_;
  }
  /// The same for the engine: null where the proxy makes a tunnel and reads no request of it.
  wmhttp::Authenticator* engine_proxy_authenticator() const;

 private:
  Error read_proxy(SessionLog& log);
  Error read_trust();

  const OwnedOptions* options_ = nullptr;
  wmhttp::PushUrl url_;
  wmhttp::Destination home_;  // the server that the program named
  std::optional<Proxy> proxy_;
  std::shared_ptr<const tls::Context> tls_;
  std::string authentication_schemes_;
  std::shared_ptr<SessionAuthenticator> authenticator_;
  std::shared_ptr<SessionAuthenticator> proxy_authenticator_;
};

}  // namespace wmpush
