// How the engine goes where a server sends it (3.1.5.1).
#include <algorithm>
#include <utility>

#include "core/failure.hpp"
#include "wmhttp/push_engine.hpp"

namespace wmpush::wmhttp {
namespace {

struct Place {
  Destination server;
  std::string target;
};

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
Error resolve(std::string_view location, const Place& from, Place& to) {
  location = location.substr(0, location.find('#'));
  const std::size_t colon = location.find(':');
  std::string url = "http://" + from.server.authority();
  if (colon != std::string_view::npos && is_scheme(location.substr(0, colon)) &&
      location.substr(colon).starts_with("://"))
    url = location;
  else if (location.starts_with("//"))
    url = "http:" + std::string(location);
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
  to = {parsed.destination(), parsed.target};
  return {};
}

std::string text_of(const Place& place) {
  return "wmpush://" + place.server.authority() + place.target;
}

}  // namespace

void PushEngine::follow_redirect() {
  const int status = response_.status;
  const bool known = (status >= 300 && status <= 304) || status == 307 || status == 308;
  if (!known || response_.location.empty()) return refuse_setup();
  Place to;
  if (Error error = resolve(response_.location, {config_.server, config_.target}, to))
    return fail(
        not_followed(response_, "a redirect that cannot be followed (" + error.message + ")"));
  if (++redirects_ > kMaxRedirects)
    return fail(not_followed(response_, "more than " + std::to_string(kMaxRedirects) +
                                            " redirects, the last of them to " + text_of(to) +
                                            ": push to the right one"));
  note(WMPUSH_LOG_INFO, "redirected (" + response_.status_text() + ") to " + text_of(to));
  // Who sends elsewhere has nothing against us.
  authorization_accepted();
  if (to.server != config_.server) {
    // What one host gave or was given is not for another.
    context_.push_id = kNewSession;
    context_.cookies.clear();
    config_.server_authenticator = nullptr;
  }
  config_.server = std::move(to.server);
  config_.target = std::move(to.target);
  connection_reused_ = same_authorization_ = false;
  aim();
  drop_connection();
}

/// The same request is to go through a proxy that the server names.
void PushEngine::take_named_proxy() {
  if (response_.location.empty()) return refuse_setup();
  Place named;
  if (Error error = resolve(response_.location, {config_.server, config_.target}, named))
    return fail(not_followed(
        response_, "it names a proxy that cannot be gone through (" + error.message + ")"));
  const std::string proxy = named.server.authority();
  if (!config_.allow_305)
    return fail(not_followed(response_, "it wants to be reached through the proxy " + proxy +
                                            ", which may see everything: allow_305=1 goes there, "
                                            "http_proxy=http://" +
                                            proxy + " begins there"));
  if (std::exchange(proxy_was_named_, true))
    return fail(not_followed(response_, "it names another proxy, " + proxy +
                                            ", when one that was named is in use already"));
  note(WMPUSH_LOG_INFO, "going through the proxy " + proxy + " that the server names");
  authorization_accepted();
  config_.proxy = std::move(named.server);
  config_.proxy_authenticator = nullptr;
  connection_reused_ = same_authorization_ = false;
  aim();
  drop_connection();
}

void PushEngine::take_route(std::optional<Destination> proxy, Authenticator* server_authenticator,
                            Authenticator* proxy_authenticator) {
  config_.proxy = std::move(proxy);
  config_.server_authenticator = server_authenticator;
  config_.proxy_authenticator = proxy_authenticator;
  try {
    aim();
  } catch (...) {
    collapse(current_failure());
  }
}

}  // namespace wmpush::wmhttp
