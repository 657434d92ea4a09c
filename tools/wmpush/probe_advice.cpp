#include "probe_advice.hpp"

namespace wmpush::tool {
namespace {

/// For a command line: `url` may have a '?' or a '&' in it.
std::string quoted(const std::string& url) { return "'" + url + "'"; }

std::vector<std::string> for_denied(int status, const std::string& url, bool with_user) {
  if (status == 403)
    return {
        "see that this user and this machine's address may push: on Windows Media Services the "
        "point needs write permission, for wmpush serve see --grant and --push_from"};
  if (!with_user)
    return {"name a user: wmpush probe " + quoted(url) + " --user NAME --password_file FILE",
            "of a Windows domain the user is written DOMAIN\\NAME, in a URL DOMAIN%5CNAME"};
  return {"see that user and password are those of the server, and not of a page on it",
          "of a Windows domain the user is written DOMAIN\\NAME, in a URL DOMAIN%5CNAME",
          "try another scheme by --auth ntlm, digest or basic; --verbose shows which are offered"};
}

}  // namespace

std::vector<std::string> probe_advice(const Error& error, const std::string& url, bool with_user) {
  const std::string again = "wmpush probe " + quoted(url) + " ";
  switch (error.result) {
    case Result::NS_E_PUSH_CANNOTCONNECT:
      return {"wmpush doctor " + quoted(url) + " looks at the way there, step by step",
              "the port for pushing is often not 80: relays like 8080, a URL has it as host:8080",
              "behind a firewall that only a proxy passes: --http_proxy http://PROXY:3128"};
    case Result::NS_E_SERVER_NOT_FOUND:
      return {"see what 'getent hosts HOST' says, or push to the address itself",
              "where names are looked up by a proxy only: --http_proxy http://PROXY:3128"};
    case Result::NS_E_INCOMPATIBLE_PUSH_SERVER:
      return {"a relay, or a web server in front of one: " + again + "--strict_server 0",
              "else another program has this port: see where the publishing point listens"};
    case Result::NS_E_SERVER_ACCESSDENIED:
      return for_denied(error.http_status, url, with_user);
    case Result::NS_E_INVALID_PUSH_PUBLISHING_POINT:
      return {"see how the point is spelled on the server, upper and lower case too",
              "to have it made from one that is there: " + again +
                  "--template_url /THAT-ONE --auto_destroy 1"};
    case Result::NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME:
      return {"an encoder that was killed holds the point for a minute: try again then",
              "wmpush serve --takeover newer lets the newer of two encoders in"};
    case Result::NS_E_SERVER_UNAVAILABLE:
      return {
          "see that the point is started, and how many connections and points the server allows"};
    case Result::NS_E_TIMEOUT:
      return {
          "something there takes connections and says nothing: see that this is the port for "
          "pushing",
          "a slow server gets more time: " + again + "--response_timeout 60"};
    case Result::NS_E_PROXY_NOT_FOUND:
      return {"'env | grep -i proxy' shows what the environment names; past it: " + again +
              "--http_proxy ''"};
    default:
      return {};
  }
}

}  // namespace wmpush::tool
