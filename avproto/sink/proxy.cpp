#include "sink/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <vector>

#include "core/host_port.hpp"

namespace wmpush {
namespace {

constexpr auto npos = std::string_view::npos;

std::string name(Proxy::Source source) {
  switch (source) {
    case Proxy::Source::Option:
      return "the option http_proxy";
    case Proxy::Source::Environment:
      return "http_proxy in the environment";
    case Proxy::Source::EnvironmentTls:
      return "https_proxy in the environment";
    case Proxy::Source::Server:
      break;
  }
  return "the server";
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

/// The 4 or 16 bytes of an address literal; empty for a name. A zone (%eth0) does not matter.
std::vector<unsigned char> address_bytes(std::string_view text) {
  const std::string literal(text.substr(0, text.find('%')));
  std::array<unsigned char, 16> bytes;
  if (inet_pton(AF_INET, literal.c_str(), bytes.data()) == 1)
    return {bytes.begin(), bytes.begin() + 4};
  if (inet_pton(AF_INET6, literal.c_str(), bytes.data()) == 1) return {bytes.begin(), bytes.end()};
  return {};
}

bool same_bits(const std::vector<unsigned char>& a, const std::vector<unsigned char>& b,
               std::size_t count) {
  if (a.size() != b.size() || count > a.size() * 8) return false;
  for (std::size_t bit = 0; bit < count; ++bit)
    if (((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8)) != 0) return false;
  return true;
}

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Takes a port off an entry of no_proxy: "host:80", "[::1]:80", "10.0.0.0/8:80"; a bare IPv6
/// address has none. False when it is another one than the server's.
bool take_port(std::string_view& entry, std::uint16_t port) {
  const std::size_t address_end = entry.find_last_of("]/");
  const std::size_t colon = entry.find(':', address_end == npos ? 0 : address_end);
  if (colon == npos || (address_end == npos && entry.find(':', colon + 1) != npos)) return true;
  const std::string_view given = entry.substr(colon + 1);
  entry = entry.substr(0, colon);
  return number(given) == port;
}

/// False when there is a '[' without its ']'.
bool take_brackets(std::string_view& entry) {
  if (!entry.starts_with('[')) return true;
  if (!entry.ends_with(']')) return false;
  entry = entry.substr(1, entry.size() - 2);
  return true;
}

bool names(std::string_view entry, const wmhttp::Destination& server) {
  if (!take_port(entry, server.port)) return false;
  if (entry == "*") return true;
  std::optional<unsigned> prefix;
  if (const std::size_t slash = entry.find('/'); slash != npos) {
    prefix = number(entry.substr(slash + 1));
    if (!prefix) return false;
    entry = entry.substr(0, slash);
  }
  if (!take_brackets(entry)) return false;

  const std::vector<unsigned char> address = address_bytes(server.host);
  if (!address.empty()) {
    const std::vector<unsigned char> given = address_bytes(entry);
    return same_bits(address, given, prefix.value_or(static_cast<unsigned>(given.size() * 8)));
  }
  if (prefix) return false;
  if (entry.starts_with('*')) entry.remove_prefix(1);
  while (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.ends_with('.')) entry.remove_suffix(1);
  std::string_view host = server.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  const std::string domain = lower_case(entry);
  const std::string name = lower_case(host);
  return !domain.empty() && (name == domain || name.ends_with("." + domain));
}

/// Whether it is the port that is wrong in "[user[:password]@]host:port[/]".
bool has_wrong_port(std::string_view address) {
  if (const std::size_t at = address.rfind('@'); at != npos) address.remove_prefix(at + 1);
  address = address.substr(0, address.find_first_of("/?"));
  if (const std::size_t close = address.rfind(']'); close != npos) address.remove_prefix(close + 1);
  const std::size_t colon = address.find(':');
  if (colon == npos || address.find(':', colon + 1) != npos) return false;
  const std::optional<unsigned> port = number(address.substr(colon + 1));
  return !port || *port < 1 || *port > 65535;
}

/// A web server sets HTTP_PROXY for its scripts from a request, but not HTTPS_PROXY.
const char* proxy_of_environment(bool tls) {
  if (!tls) return std::getenv("http_proxy");
  const char* const lower = std::getenv("https_proxy");
  return lower != nullptr ? lower : std::getenv("HTTPS_PROXY");
}

}  // namespace

std::string Proxy::display() const { return "proxy " + host_and_port(address.host, address.port); }

Error parse_proxy(std::string_view text, Proxy::Source source, Proxy& proxy) {
  constexpr std::string_view kHttp = "http://";
  std::string_view rest = text;
  if (lower_case(rest.substr(0, kHttp.size())) == kHttp) {
    rest.remove_prefix(kHttp.size());
  } else if (const std::size_t scheme = rest.find("://"); scheme != npos) {
    // Behind the '@' it would be a part of a password.
    const bool is_scheme = rest.substr(0, scheme).find_first_of("@:/") == npos;
    return {Result::E_INVALIDARG, 0, 0,
            name(source) + " names a proxy " +
                (is_scheme ? "of the kind '" + std::string(rest.substr(0, scheme)) + "'"
                           : std::string("of another kind")) +
                ": only http:// can be gone through"};
  }
  wmhttp::PushUrl url;
  const auto no_options = [](std::string_view) { return false; };
  const Error error = wmhttp::parse_url(std::string(kHttp) + std::string(rest), no_options, url);
  // What is wrong, or looks like a path, could be a piece of the password: it is not repeated.
  if (error || url.target != "/")
    return {Result::E_INVALIDARG, 0, 0,
            name(source) +
                (has_wrong_port(rest)
                     ? " names a proxy with a port that is none (1 to 65535): "
                       "http://[user[:password]@]host[:port] is needed"
                     : " is no address of a proxy: http://[user[:password]@]host[:port] is needed; "
                       "in a user or a password '@', ':', '/', '?' and '%' are written %40, %3A, "
                       "%2F, %3F and %25")};
  proxy = {url.server, url.user, url.password, source};
  return {};
}

bool is_excepted(std::string_view list, const wmhttp::Destination& server) {
  constexpr std::string_view kSeparators = ", \t";
  while (true) {
    list.remove_prefix(std::min(list.find_first_not_of(kSeparators), list.size()));
    if (list.empty()) return false;
    const std::size_t end = std::min(list.find_first_of(kSeparators), list.size());
    if (names(list.substr(0, end), server)) return true;
    list.remove_prefix(end);
  }
}

Error choose_proxy(const char* option, const wmhttp::Destination& server,
                   std::optional<Proxy>& proxy) {
  proxy.reset();
  const char* text = option;
  if (option == nullptr) {
    text = proxy_of_environment(server.tls);
    const char* excepted = std::getenv("no_proxy");
    if (excepted == nullptr) excepted = std::getenv("NO_PROXY");
    if (text == nullptr || (excepted != nullptr && is_excepted(excepted, server))) return {};
  }
  if (*text == '\0') return {};
  const Proxy::Source source = option != nullptr ? Proxy::Source::Option
                               : server.tls      ? Proxy::Source::EnvironmentTls
                                                 : Proxy::Source::Environment;
  return parse_proxy(text, source, proxy.emplace());
}

Error unreachable(const Proxy& proxy, Error why) {
  if (why.result != Result::NS_E_SERVER_NOT_FOUND && why.result != Result::NS_E_PUSH_CANNOTCONNECT)
    return why;
  why.result = Result::NS_E_PROXY_NOT_FOUND;
  why.message = proxy.display() + ", which " + name(proxy.source) + " names: " + why.message;
  switch (proxy.source) {
    case Proxy::Source::Option:
      why.message += "; an empty http_proxy goes without a proxy";
      break;
    case Proxy::Source::Environment:
    case Proxy::Source::EnvironmentTls:
      why.message +=
          "; no_proxy in the environment excepts hosts, an empty option http_proxy goes without";
      break;
    case Proxy::Source::Server:
      why.message += "; allow_305=0 does not go there";
      break;
  }
  return why;
}

}  // namespace wmpush
