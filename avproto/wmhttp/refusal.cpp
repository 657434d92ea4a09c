#include "wmhttp/refusal.hpp"

#include <string>

namespace wmpush::wmhttp {
namespace {

struct Meaning {
  Result result;
  std::string text;
};

/// "Basic, NTLM" from the challenges: the scheme is the first word of each.
std::string schemes(const Response& response) {
  std::string names;
  for (const std::string& challenge : response.challenges) {
    if (!names.empty()) names += ", ";
    names += challenge.substr(0, challenge.find(' '));
  }
  return names.empty() ? "no scheme" : names;
}

Meaning meaning(const Response& response, bool template_named) {
  switch (response.status) {
    case 401:
      return {Result::NS_E_SERVER_ACCESSDENIED,
              "the publishing point asks for a password (" + schemes(response) +
                  "), and none can be given here: allow anonymous access on the server"};
    case 403:
      return {Result::NS_E_SERVER_ACCESSDENIED,
              "pushing to this publishing point is not allowed: ask the server's administrator for "
              "write permission"};
    case 404:
    case 410:
      if (template_named)
        return {Result::NS_E_INVALID_PUSH_TEMPLATE,
                "the template is not there either: check template_url"};
      return {
          Result::NS_E_INVALID_PUSH_PUBLISHING_POINT,
          "there is no such publishing point: check the path, or name a publishing point to copy "
          "with template_url"};
    case 407:
      return {Result::NS_E_PROXY_ACCESSDENIED,
              "a proxy asks for a password (" + schemes(response) +
                  "), and none is known: name it with http_proxy=http://USER:PASSWORD@HOST:PORT"};
    case 408:
      return {Result::NS_E_TIMEOUT,
              "the server had to wait too long for data: check that the encoder keeps up"};
    case 409:
      return {Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME,
              "the publishing point is in use: stop the other encoder, or push to another path"};
    case 503:
      return {Result::NS_E_SERVER_UNAVAILABLE,
              "the publishing point takes no stream now: see that it is started, and try again"};
    default:
      break;
  }
  if (response.status >= 300 && response.status < 400)
    return {Result::E_FAIL,
            response.location.empty()
                ? "a redirect without a Location"
                : "a redirect that cannot be followed here: push to " + response.location};
  if (response.status >= 500) return {Result::E_FAIL, "the server failed: its log has the reason"};
  return {Result::E_FAIL, "the server does not accept the request: its log has the reason"};
}

/// A page of the proxy's own, and why there is one. Empty: it is the server that answered, or
/// nobody can tell.
std::string proxys_own(const Response& response, const Way& way) {
  if (way.proxy.empty() || response.from_media_server()) return {};
  const std::string server = way.server.empty() ? "the server" : way.server;
  const std::string who =
      response.server.empty() ? std::string() : " (it calls itself '" + response.server + "')";
  if (response.status >= 500)
    return who + " could not reach " + server +
           ", or got no answer of it: check host and port, and see the proxy's log";
  if (response.status == 403)
    return who + " does not let requests to " + server +
           " through: its rules must allow POST to this host and port";
  return {};
}

}  // namespace

Error refusal(const Response& response, std::string_view doing, bool template_named,
              std::string_view authentication, const Way& way) {
  Meaning means = meaning(response, template_named);
  if (!authentication.empty()) means.text = authentication;
  // It was there when the session was set up.
  if (doing == "PushStart" && (response.status == 404 || response.status == 410))
    means.text =
        "the publishing point is gone, or taken: see that it still exists and that another encoder "
        "does not push to it, and push again";
  std::string who = "the server";
  if (response.status == 407) {
    who = way.proxy.empty() ? "a proxy" : "the " + way.proxy;
    if (!authentication.empty())
      means.text += "; for a proxy they stand in http_proxy=http://USER:PASSWORD@HOST:PORT";
  } else if (const std::string why = proxys_own(response, way); !why.empty()) {
    return {means.result, response.status, 0,
            std::string(doing) + ": " + response.status_text() + ": the " + way.proxy + why};
  }
  // The likeliest cause of all: that it is no media server which was asked.
  if (!response.server.empty() && !response.from_media_server() && response.status != 407)
    means.text = "it calls itself '" + response.server +
                 "', which is no Windows Media server: check host and port; if they are right, " +
                 means.text;
  return {means.result, response.status, 0,
          std::string(doing) + ": " + who + " answered " + response.status_text() + ": " +
              std::move(means.text)};
}

bool worth_another_try(int status) { return status == 408 || status >= 500; }

Error foreign_server(const Response& response, bool redirected) {
  const std::string who = response.server.empty() ? "a server that does not say what it is"
                                                  : "'" + response.server + "'";
  return {Result::NS_E_INCOMPATIBLE_PUSH_SERVER, response.status, 0,
          "PushSetup: the server answered " + response.status_text() + ", but it is " + who +
              ", no Windows Media server: " +
              (redirected ? "a redirect led there, as to a web page: check host, port and path"
                          : "check host and port; where a reverse proxy puts its own name there, "
                            "strict_server=0 pushes anyway")};
}

}  // namespace wmpush::wmhttp
