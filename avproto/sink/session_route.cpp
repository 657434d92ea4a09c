#include "sink/session_route.hpp"

#include <utility>

namespace wmpush {
namespace {

std::string_view or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

Error SessionRoute::begin(wmhttp::PushUrl url, const OwnedOptions& options, SessionLog& log) {
  options_ = &options;
  url_ = std::move(url);
  tls_.reset();
  home_ = url_.server;
  std::optional<auth::Scheme> pinned;
  if (Error error = parse_auth_option(or_empty(options->auth), pinned)) return error;
  if (Error error = check_field(or_empty(options->user), "the user")) return error;
  authentication_schemes_ = accepted_authentication(pinned, auth::available_schemes());
  authenticator_ = make_server_authenticator(options, url_.server, false);
  if (Error error = read_trust()) return error;
  return read_proxy(log);
}

/// The files are read once for a session: what has been moved meanwhile keeps no connection from
/// being made again.
Error SessionRoute::read_trust() {
  if (!url_.server.tls || tls_) return {};
  const wmpush_options& options = options_->get();
  return tls::Context::client(
      {std::string(or_empty(options.ca_file)), options.tls_verify != 0,
       std::string(or_empty(options.cert_file)), std::string(or_empty(options.key_file))},
      tls_);
}

Error SessionRoute::read_proxy(SessionLog& log) {
  proxy_authenticator_.reset();
  if (Error error = choose_proxy((*options_)->http_proxy, url_.server, proxy_)) return error;
  if (!proxy_) return {};
  if (proxy_->password) log.hide(*proxy_->password);
  if (Error error = check_field(proxy_->user, "the proxy's user")) return error;
  proxy_authenticator_ = make_proxy_authenticator(*options_, *proxy_);
  return {};
}

wmhttp::Authenticator* SessionRoute::engine_proxy_authenticator() const {
  return url_.server.tls ? nullptr : proxy_authenticator_.get();
}

Error SessionRoute::follow(wmhttp::PushEngine& engine, SessionLog& log) {
  const bool elsewhere = engine.server() != url_.server;
  const bool sent_to_proxy = engine.proxy() && (!proxy_ || *engine.proxy() != proxy_->address);
  if (!elsewhere && !sent_to_proxy && engine.target() == url_.target) return {};
  url_.server = engine.server();
  url_.target = engine.target();
  log.set_place(url_.display());
  if (elsewhere) {
    authenticator_ = make_server_authenticator(*options_, url_.server, url_.server != home_);
    if (Error error = read_trust()) return error;
    if (Error error = read_proxy(log)) return error;
  } else if (sent_to_proxy) {
    proxy_ = Proxy{*engine.proxy(), {}, {}, Proxy::Source::Server};
    proxy_authenticator_ = make_proxy_authenticator(*options_, *proxy_);
  }
  std::optional<wmhttp::Destination> proxy;
  if (proxy_) proxy = proxy_->address;
  engine.take_route(std::move(proxy), authenticator_.get(), engine_proxy_authenticator());
  return {};
}

}  // namespace wmpush
