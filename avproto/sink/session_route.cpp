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
  home_ = url_.destination();
  std::optional<auth::Scheme> pinned;
  if (Error error = parse_auth_option(or_empty(options->auth), pinned)) return error;
  if (Error error = check_field(or_empty(options->user), "the user")) return error;
  authentication_schemes_ = accepted_authentication(pinned, auth::available_schemes());
  authenticator_ = make_server_authenticator(options, url_.host, false);
  return read_proxy(log);
}

Error SessionRoute::read_proxy(SessionLog& log) {
  proxy_authenticator_.reset();
  if (Error error = choose_proxy((*options_)->http_proxy, url_.destination(), proxy_)) return error;
  if (!proxy_) return {};
  if (proxy_->password) log.hide(*proxy_->password);
  if (Error error = check_field(proxy_->user, "the proxy's user")) return error;
  proxy_authenticator_ = make_proxy_authenticator(*options_, *proxy_);
  return {};
}

Error SessionRoute::follow(wmhttp::PushEngine& engine, SessionLog& log) {
  const bool elsewhere = engine.server() != url_.destination();
  const bool sent_to_proxy = engine.proxy() && (!proxy_ || *engine.proxy() != proxy_->address);
  if (!elsewhere && !sent_to_proxy && engine.target() == url_.target) return {};
  url_.host = engine.server().host;
  url_.port = engine.server().port;
  url_.target = engine.target();
  log.set_place(url_.display());
  if (elsewhere) {
    authenticator_ = make_server_authenticator(*options_, url_.host, url_.destination() != home_);
    if (Error error = read_proxy(log)) return error;
  } else if (sent_to_proxy) {
    proxy_ = Proxy{*engine.proxy(), {}, {}, Proxy::Source::Server};
    proxy_authenticator_ = make_proxy_authenticator(*options_, *proxy_);
  }
  std::optional<wmhttp::Destination> proxy;
  if (proxy_) proxy = proxy_->address;
  engine.take_route(std::move(proxy), authenticator_.get(), proxy_authenticator_.get());
  return {};
}

}  // namespace wmpush
