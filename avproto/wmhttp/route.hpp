// Where the requests of a session go, and by which way (3.1.4.1, 3.1.5.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

#include "wmhttp/message.hpp"
#include "wmhttp/url.hpp"

namespace wmpush::wmhttp {

/// Redirects that are followed on the way to a session.
inline constexpr int kMaxRedirects = 8;

class Route {
 public:
  /// Where a publishing point is.
  struct Place {
    Destination server;
    std::string target;  ///< path and query, verbatim
    bool operator==(const Place&) const = default;
    /// As a URL.
    std::string text() const;
  };

  Route(Place home, std::optional<Destination> proxy, bool allow_305)
      : home_(home), here_(std::move(home)), proxy_(std::move(proxy)), allow_305_(allow_305) {}

  const Place& place() const { return here_; }
  const std::optional<Destination>& proxy() const { return proxy_; }
  /// Where a connection leads: to the proxy, or where there is none, to the server.
  const Destination& next_hop() const { return proxy_ ? *proxy_ : here_.server; }
  /// TLS reaches through a proxy, which is asked for a tunnel (RFC 9110, 9.3.6) and sees nothing of
  /// the requests.
  bool tunnels() const { return here_.server.tls; }
  /// What a request line says; a proxy is told the whole address (3.1.4.1).
  std::string request_target() const;
  std::string host() const { return here_.server.authority(); }

  /// Follows a redirect: what it says for the log is in `note`. Otherwise an error that names what
  /// came; an empty message: it is no redirect that could be followed.
  Error follow(const Response& response, std::string& note);
  /// Goes through the proxy that a 305 names; the same results.
  Error name_proxy(const Response& response, std::string& note);
  /// A redirect was for one session alone.
  void go_home() { here_ = home_; }
  void go_to(Place place) { here_ = std::move(place); }
  /// The program goes by way of this proxy.
  void go_through(std::optional<Destination> proxy) { proxy_ = std::move(proxy); }
  /// A session was reached: redirects are counted anew.
  void arrive() { redirects_ = 0; }
  bool redirected() const { return redirects_ > 0; }

  /// A proxy has shown itself (Via).
  void saw_proxy() { seen_ = true; }
  /// A proxy is known that reads what is sent: configured, named, or it has shown itself.
  bool proxied() const { return seen_ || (proxy_.has_value() && !tunnels()); }
  /// What the network confirms it may be a proxy that has it, and not the server.
  bool stands_between() const { return seen_ || proxy_.has_value(); }
  /// Who may have answered in place of the server: "proxy HOST:PORT", "proxy in between"; empty:
  /// nobody.
  std::string proxy_text() const;

 private:
  Place home_;  // where the program asked to go
  Place here_;
  std::optional<Destination> proxy_;
  const bool allow_305_;
  int redirects_ = 0;
  bool proxy_was_named_ = false;
  bool seen_ = false;
};

}  // namespace wmpush::wmhttp
