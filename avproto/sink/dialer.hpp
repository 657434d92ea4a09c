// The way to a connection that requests can go over: TCP, where TLS leads through a proxy a tunnel,
// and TLS.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connection.hpp"
#include "net/task.hpp"
#include "sink/credentials.hpp"
#include "sink/proxy.hpp"
#include "tls/context.hpp"
#include "wmhttp/tunnel.hpp"
#include "wmhttp/url.hpp"
#include "wmpush/result.hpp"

namespace wmpush {

/// What requests name as the program, where the program names no product of its own.
inline constexpr const char* kProduct = "libwmpush/" WMPUSH_VERSION;

/// No call waits for anything.
class Dialer {
 public:
  struct Plan {
    wmhttp::Destination server;
    std::optional<Proxy> proxy;
    std::shared_ptr<SessionAuthenticator> proxy_authenticator;  ///< for a tunnel; may be null
    std::string user_agent;                                     ///< likewise
    std::shared_ptr<const tls::Context> tls;                    ///< where the server is one of TLS
  };
  /// Connects `connection`, which is borrowed, until `deadline`.
  Dialer(Plan plan, net::Connection& connection, net::Time deadline);

  /// Goes on. NS_E_SERVER_NOT_FOUND and NS_E_PUSH_CANNOTCONNECT, the latter for a certificate that
  /// is not trusted, too; NS_E_PROXY_NOT_FOUND and NS_E_PROXY_ACCESSDENIED, where it is the proxy's
  /// fault.
  Error perform(net::Time now);
  /// Requests can go over the connection now.
  bool done() const { return stage_ == Stage::Done; }
  net::Wait wait();

  /// What the log is to hear, since the last call.
  std::vector<wmhttp::Authenticator::Note> take_notes();

 private:
  enum class Stage : std::uint8_t { Begin, Tcp, Tunnel, Tls, Done };

  Error go_on(net::Time now);
  Error make_tunnel(net::Time now);
  Error consult(net::Time now, bool& goes_on);

  const Plan plan_;
  net::Connection& connection_;
  net::Time deadline_;  // moved on by the time that a ticket takes: that has limits of its own
  Stage stage_ = Stage::Begin;
  std::optional<wmhttp::Tunnel> tunnel_;
  std::shared_ptr<net::Task> asking_;  // an authenticator that takes its time
  net::Time asking_since_{};
};

}  // namespace wmpush
