#include "wmhttp/route.hpp"

#include <utility>

namespace wmpush::wmhttp {
namespace {

Error not_followed(const Response& response, std::string why) {
  return {Result::E_FAIL, response.status, 0,
          "PushSetup: the server answered " + response.status_text() + ": " + std::move(why)};
}

/// The path of `target` up to its last '/', with what "./" and "../" in front of `relative` take
/// off (RFC 3986, 5.2). Nothing else is normalised.
std::string merged(std::string_view target, std::string_view relative) {
  std::string_view folder = target.substr(0, target.find('?'));
  folder = folder.substr(0, folder.rfind('/') + 1);
  while (true) {
    if (relative.starts_with("./")) {
      relative.remove_prefix(2);
    } else if (relative.starts_with("../")) {
      relative.remove_prefix(3);
      if (folder.size() > 1) folder = folder.substr(0, folder.rfind('/', folder.size() - 2) + 1);
    } else {
      return std::string(folder) + std::string(relative);
    }
  }
}

/// Where `location` leads from `from`. Credentials in it are not taken: they are not the user's.
Error resolve(std::string_view location, const Route::Place& from, Route::Place& to) {
  location = location.substr(0, location.find('#'));
  const std::size_t colon = location.find(':');
  const std::string scheme = from.server.tls ? "https:" : "http:";
  std::string url = scheme + "//" + from.server.authority();
  if (colon != std::string_view::npos && is_scheme(location.substr(0, colon)) &&
      location.substr(colon).starts_with("://"))
    url = location;
  else if (location.starts_with("//"))
    url = scheme + std::string(location);
  else if (location.starts_with('/'))
    url += location;
  else if (location.starts_with('?'))
    url += from.target.substr(0, from.target.find('?')) + std::string(location);
  else
    url += merged(from.target, location);
  for (std::size_t i = 0; i < url.find(':'); ++i)
    if (url[i] >= 'A' && url[i] <= 'Z') url[i] = static_cast<char>(url[i] - 'A' + 'a');

  PushUrl parsed;
  const auto no_options = [](std::string_view) { return false; };
  if (Error error = parse_url(url, no_options, parsed)) return error;
  to = {parsed.server, parsed.target};
  return {};
}

}  // namespace

std::string Route::Place::text() const {
  return server.scheme() + "://" + server.authority() + target;
}

std::string Route::request_target() const {
  return (proxy_ && !tunnels() ? "http://" + host() : std::string()) + here_.target;
}

std::string Route::proxy_text() const {
  if (proxy_ && !tunnels()) return "proxy " + proxy_->authority();
  return seen_ ? "proxy in between" : "";
}

Error Route::follow(const Response& response, std::string& note) {
  const int status = response.status;
  const bool known = (status >= 300 && status <= 304) || status == 307 || status == 308;
  if (!known || response.location.empty()) return {Result::E_FAIL, status, 0, {}};
  Place to;
  if (Error error = resolve(response.location, here_, to))
    return not_followed(response, "a redirect that cannot be followed (" + error.message + ")");
  if (here_.server.tls && !to.server.tls)
    return not_followed(response, "a redirect to " + to.text() +
                                      ", which is without TLS: push there, if everybody on the way "
                                      "may read the stream");
  if (++redirects_ > kMaxRedirects)
    return not_followed(response, "more than " + std::to_string(kMaxRedirects) +
                                      " redirects, the last of them to " + to.text() +
                                      ": push to the right one");
  note = "redirected (" + response.status_text() + ") to " + to.text();
  here_ = std::move(to);
  return {};
}

Error Route::name_proxy(const Response& response, std::string& note) {
  if (response.location.empty()) return {Result::E_FAIL, response.status, 0, {}};
  Place named;
  if (Error error = resolve(response.location, here_, named))
    return not_followed(response,
                        "it names a proxy that cannot be gone through (" + error.message + ")");
  const std::string proxy = named.server.authority();
  if (!allow_305_)
    return not_followed(response, "it wants to be reached through the proxy " + proxy +
                                      ", which may see everything: allow_305=1 goes there, "
                                      "http_proxy=http://" +
                                      proxy + " begins there");
  if (std::exchange(proxy_was_named_, true))
    return not_followed(response, "it names another proxy, " + proxy +
                                      ", when one that was named is in use already");
  note = "going through the proxy " + proxy + " that the server names";
  if (named.server.tls)
    return not_followed(response, "it names the proxy " + proxy +
                                      ", which is to be reached by TLS: only http:// can be gone "
                                      "through");
  proxy_ = std::move(named.server);
  return {};
}

}  // namespace wmpush::wmhttp
