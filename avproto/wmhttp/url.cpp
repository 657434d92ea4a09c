#include "wmhttp/url.hpp"

#include <algorithm>
#include <charconv>

#include "core/hexadecimal.hpp"
#include "core/host_port.hpp"
#include "core/percent.hpp"

namespace wmpush::wmhttp {
namespace {

Error invalid(std::string message) { return {Result::E_INVALIDARG, 0, 0, std::move(message)}; }

Error invalid_host(std::string message) {
  return {Result::NS_E_INVALID_NAME, 0, 0, std::move(message)};
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_ipv6_character(char c) {
  return hex_digit(c) >= 0 || c == ':' || c == '.' || c == '%' || is_host_character(c);
}

/// Takes "host[:port]" or "[ipv6][:port]" apart.
Error parse_host(std::string_view text, Destination& server) {
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos)
      return invalid_host("the URL has a '[' without a ']': an IPv6 address is written [::1]");
    server.host = text.substr(1, close - 1);
    if (server.host.find(':') == std::string::npos ||
        !std::all_of(server.host.begin(), server.host.end(), is_ipv6_character))
      return invalid_host("'[" + server.host + "]' is not an IPv6 address");
    const std::string_view rest = text.substr(close + 1);
    has_port = rest.starts_with(':');
    if (has_port) port = rest.substr(1);
    if (!rest.empty() && !has_port)
      return invalid_host("the URL has '" + std::string(rest) + "' after the IPv6 address");
  } else {
    const std::size_t colon = text.find(':');
    has_port = colon != std::string_view::npos;
    server.host = text.substr(0, colon);
    if (has_port) port = text.substr(colon + 1);
    if (port.find(':') != std::string_view::npos)
      return invalid_host("an IPv6 address in a URL is written in brackets: [" + std::string(text) +
                          "]");
    if (server.host.empty())
      return invalid_host("the URL has no host: wmpush://host/publishing-point");
    if (server.host.size() > 253 ||
        !std::all_of(server.host.begin(), server.host.end(), is_host_character))
      return invalid_host("'" + server.host + "' is not a host name");
  }
  if (!has_port || port.empty()) return {};
  unsigned number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535)
    return invalid("'" + std::string(port) + "' is not a port: 1 to 65535");
  server.port = static_cast<std::uint16_t>(number);
  return {};
}

constexpr const char* kNoUrl = "this is not a URL: wmpush://host[:port]/publishing-point is needed";

/// What a player opens, and what a person may take for it.
Error wrong_scheme(std::string_view scheme) {
  std::string lower(scheme);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (lower == "wmpush" || lower == "wmpushs" || lower == "http" || lower == "https")
    return invalid("the scheme of the URL is written in small letters: " + lower + "://");
  // It may be a piece of a password.
  if (!scheme.empty() && !is_scheme(scheme)) return invalid(kNoUrl);
  const std::string named = "'" + std::string(scheme) + "' is not a scheme that can be pushed to: ";
  if (lower == "mms" || lower == "mmsh" || lower == "mmst" || lower == "rtsp")
    return invalid(named + "players open " + lower +
                   "://; push to wmpush:// with the same host and publishing point");
  return invalid(named + "use wmpush:// or http://, and wmpushs:// or https:// for TLS");
}

Error parse_credentials(std::string_view text, PushUrl& url) {
  const std::size_t colon = text.find(':');
  const auto user = percent_decoded(text.substr(0, colon));
  if (!user) return invalid("the user in the URL has a '%' that is not followed by two hex digits");
  url.user = *user;
  if (colon == std::string_view::npos) return {};
  url.password = percent_decoded(text.substr(colon + 1));
  if (!url.password)
    return invalid("the password in the URL has a '%' that is not followed by two hex digits");
  return {};
}

/// Moves the parameters that are options from the query to `url.options`.
Error take_options(std::string_view query, const std::function<bool(std::string_view)>& is_option,
                   PushUrl& url, std::string& kept) {
  while (true) {
    const std::size_t end = query.find('&');
    const std::string_view parameter = query.substr(0, end);
    const std::size_t equals = parameter.find('=');
    const std::string_view name = parameter.substr(0, equals);
    if (equals != std::string_view::npos && is_option(name)) {
      auto value = percent_decoded(parameter.substr(equals + 1));
      if (!value)
        return invalid("the value of " + std::string(name) +
                       " in the URL has a '%' that is not followed by two hex digits");
      url.options.emplace_back(name, std::move(*value));
    } else {
      if (!kept.empty()) kept += '&';
      kept += parameter;
    }
    if (end == std::string_view::npos) return {};
    query.remove_prefix(end + 1);
  }
}

}  // namespace

std::string Destination::authority() const {
  std::string text = url_host(host);
  if (port != (tls ? kTlsPort : kPlainPort)) text += ":" + std::to_string(port);
  return text;
}

std::string PushUrl::display() const {
  return server.scheme() + "://" + (user.empty() ? "" : user + "@") + server.authority() + target;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  });
}

Error parse_url(std::string_view text, const std::function<bool(std::string_view)>& is_option,
                PushUrl& url) {
  url = PushUrl{};
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return invalid(kNoUrl);
  const std::string_view scheme = text.substr(0, colon);
  if (scheme == "wmpushs" || scheme == "https")
    url.server = {{}, kTlsPort, true};
  else if (scheme != "wmpush" && scheme != "http")
    return wrong_scheme(scheme);
  std::string_view rest = text.substr(colon + 3);

  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view host = rest.substr(0, path);
  rest.remove_prefix(path);
  const std::size_t at = host.rfind('@');
  const bool has_credentials = at != std::string_view::npos;
  if (has_credentials) {
    if (Error error = parse_credentials(host.substr(0, at), url)) return error;
    host.remove_prefix(at + 1);
  }
  if (Error error = parse_host(host, url.server)) {
    // What looks like a host or a port may be a piece of a password with a '/' in it.
    if (rest.find('@') != std::string_view::npos)
      return {
          error.result, 0, 0,
          "host or port of the URL are not valid: in a user or a password '/' is written %2F and "
          "'?' %3F"};
    return error;
  }
  // The same where the piece could be a host: every line would show it. Only in the value of a
  // parameter another '@' is an ordinary letter.
  const std::size_t value = rest.find('=', std::min(rest.find('?'), rest.size()));
  if (has_credentials && rest.substr(0, value).find('@') != std::string_view::npos)
    return invalid(
        "the URL has a user and one more '@' behind its first '/': in a user or a password '/' is "
        "written %2F, in the path '@' is written %40");

  // A space or a control character would cut the request line short.
  for (const char c : rest)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
      return invalid(
          "the path in the URL has a space or a control character: write it as %20 or %NN");

  const std::size_t mark = rest.find('?');
  url.target = rest.starts_with('/') ? std::string(rest.substr(0, mark)) : "/";
  if (mark == std::string_view::npos) return {};
  std::string kept;
  if (Error error = take_options(rest.substr(mark + 1), is_option, url, kept)) return error;
  if (!kept.empty() || url.options.empty()) url.target += "?" + kept;
  return {};
}

}  // namespace wmpush::wmhttp
