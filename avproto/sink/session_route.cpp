// By which way a session goes, and with what for credentials.
#include "sink/session.hpp"

namespace wmpush {
namespace {

std::string_view or_empty(const char* text) {
  return text == nullptr ? std::string_view() : std::string_view(text);
}

}  // namespace

Error Session::read_authentication() {
  std::optional<auth::Scheme> pinned;
  if (Error error = parse_auth_option(or_empty(effective_->get().auth), pinned)) return error;
  if (Error error = check_field(or_empty(effective_->get().user), "the user")) return error;
  authentication_schemes_ = accepted_authentication(pinned, auth::available_schemes());
  authenticator_ = make_server_authenticator(*effective_, url_.host, false);
  home_ = url_.destination();
  return read_proxy();
}

Error Session::read_proxy() {
  proxy_authenticator_.reset();
  if (Error error = choose_proxy(effective_->get().http_proxy, url_.destination(), proxy_))
    return error;
  info_.through_proxy = proxy_.has_value();
  if (!proxy_) return {};
  if (proxy_->password) log_.hide(*proxy_->password);
  if (Error error = check_field(proxy_->user, "the proxy's user")) return error;
  proxy_authenticator_ = make_proxy_authenticator(*effective_, *proxy_);
  return {};
}

/// Follows the engine to where redirects have led it: what is known of the place it has left is not
/// for another.
Error Session::follow_engine() {
  const bool elsewhere = engine_->server() != url_.destination();
  const bool sent_to_proxy = engine_->proxy() && (!proxy_ || *engine_->proxy() != proxy_->address);
  if (!elsewhere && !sent_to_proxy && engine_->target() == url_.target) return {};
  url_.host = engine_->server().host;
  url_.port = engine_->server().port;
  url_.target = engine_->target();
  log_.set_place(url_.display());
  if (elsewhere) {
    authenticator_ = make_server_authenticator(*effective_, url_.host, url_.destination() != home_);
    if (Error error = read_proxy()) return error;
  } else if (sent_to_proxy) {
    proxy_ = Proxy{*engine_->proxy(), {}, {}, Proxy::Source::Server};
    info_.through_proxy = true;
    proxy_authenticator_ = make_proxy_authenticator(*effective_, *proxy_);
  }
  std::optional<wmhttp::Destination> proxy;
  if (proxy_) proxy = proxy_->address;
  engine_->take_route(std::move(proxy), authenticator_.get(), proxy_authenticator_.get());
  return {};
}

}  // namespace wmpush
