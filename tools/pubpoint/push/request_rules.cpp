#include "pubpoint/push/request_rules.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/hexadecimal.hpp"
#include "core/percent.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"

namespace wmpush::pubpoint {
namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + by.size());
  }
}

template <typename T>
bool number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

/// Judges one head, rule by rule, and collects what it finds.
class Judge {
 public:
  explicit Judge(const RequestHead& head) : head_(head) {}

  Verdict run() {
    request().version = head_.version;
    method_and_path();
    if (verdict_.status == 405) return std::move(verdict_);  // not a push: no more to be said
    content_type();
    user_agent();
    cookie();
    length();
    accepted_authentication();
    connection_fields();
    return std::move(verdict_);
  }

 private:
  PushRequest& request() { return verdict_.request; }

  void breach(std::string rule, std::string text, int status = 400) {
    verdict_.breaches.push_back({std::move(rule), std::move(text)});
    verdict_.status = std::max(verdict_.status, status);
  }

  /// The value of a field that must be there once.
  std::optional<std::string_view> one(const char* rule, std::string_view name) {
    const auto values = head_.values(name);
    if (values.size() == 1) return values.front();
    breach(rule, values.empty() ? "a request without " + std::string(name)
                                : std::string(name) + " comes more than once");
    return std::nullopt;
  }

  void method_and_path() {
    if (head_.method != "POST")
      breach("C01", "the method is " + head_.method + ", which is not known here", 405);
    const std::string_view target = path_and_query(head_.target);
    if (target.empty() || target.front() != '/')
      breach("C01", "the request names no path but " + in_quotes(head_.target));
    request().path = percent_decoded_leniently(target.substr(0, target.find('?')));
  }

  void content_type() {
    const auto value = one("C02", "Content-Type");
    if (!value) return;
    const auto parts = split(*value, ";");
    const std::string_view type = trimmed(parts[0]);
    if (same(type, "application/x-wms-pushsetup"))
      request().kind = PushRequest::Kind::Setup;
    else if (same(type, "application/x-wms-pushstart"))
      request().kind = PushRequest::Kind::Start;
    else
      breach("C02",
             "Content-Type is " + in_quotes(*value) + ", neither a PushSetup nor a PushStart");
    for (std::size_t i = 1; i < parts.size(); ++i)
      if (!same(trimmed(parts[i]), "charset=UTF-8"))
        breach("C02", "Content-Type has the parameter " + in_quotes(trimmed(parts[i])));
  }

  void user_agent() {
    const auto value = one("C03", "User-Agent");
    if (!value) return;
    request().user_agent = *value;
    const auto products = split(*value, " ");
    constexpr std::string_view kProduct = "WMEncoder/";
    if (!products[0].starts_with(kProduct))
      return breach("S01", "the User-Agent " + in_quotes(*value) + " is not WMEncoder 9 to 12");
    const auto numbers = split(products[0].substr(kProduct.size()), ".");
    std::array<unsigned, 4> version{};
    if (numbers.size() != 2 && numbers.size() != 4)
      return breach("C03", "the version of the User-Agent " + in_quotes(*value) +
                               " has neither two nor four numbers");
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (!number(numbers[i], version[i]))
        return breach("C03",
                      "the version of the User-Agent " + in_quotes(*value) + " is no number");
    if (version[0] < 9 || version[0] > 12)
      return breach("S01", "the User-Agent " + in_quotes(*value) + " is not WMEncoder 9 to 12");
    if (version[1] != 0)
      return breach("C03",
                    "the minor version of the User-Agent " + in_quotes(*value) + " is not 0");
    for (std::size_t i = 1; i < products.size(); ++i)
      for (const std::string_view part : split(products[i], "/"))
        if (!is_token(part))
          return breach("C03", "in the User-Agent " + in_quotes(*value) + " the part " +
                                   in_quotes(products[i]) + " is no product");
  }

  void cookie() {
    const auto values = head_.values("Cookie");
    const bool start = request().kind == PushRequest::Kind::Start;
    if (values.empty()) {
      // A PushSetup without one asks for a new session as push-id=0 does (S03).
      if (start) breach("C04", "a PushStart without Cookie");
      return;
    }
    if (values.size() > 1) return breach("C04", "Cookie comes more than once");
    bool seen = false;
    for (const std::string_view pair : split(values.front(), "; ")) {
      const std::size_t equals = pair.find('=');
      const std::string_view name = pair.substr(0, equals);
      if (equals == std::string_view::npos || !is_token(name) || name.front() == '$' ||
          pair.find_first_of(" \t;,") != std::string_view::npos)
        return breach("C04", "Cookie has " + in_quotes(pair) + ", which is no name=value");
      if (name != "push-id") continue;
      const std::string_view id = pair.substr(equals + 1);
      if (seen) return breach("C04", "Cookie has two push-ids");
      if (id.empty() || id.size() > kMaxPushId)
        return breach("C04",
                      "the push-id has " + std::to_string(id.size()) + " characters, not 1 to 255");
      seen = true;
      request().push_id = id;
    }
    if (!seen && start) breach("C04", "the Cookie of a PushStart has no push-id");
  }

  void length() {
    if (!head_.values("Transfer-Encoding").empty())
      breach("C05", "Transfer-Encoding is not for a push");
    if (!head_.values("Expect").empty()) breach("C05", "Expect is not for a push");
    const auto value = one("C05", "Content-Length");
    if (!value) return;
    if (!number(trimmed(*value), request().content_length))
      return breach("C05", "Content-Length is " + in_quotes(*value));
    const std::uint64_t length = request().content_length;
    if (request().kind == PushRequest::Kind::Setup && length > kMaxSetupBody)
      breach("C08", "a PushSetup body of " + std::to_string(length) + " bytes");
    if (request().kind == PushRequest::Kind::Start && (length == 0 || length > kMaxPushStartLength))
      breach("C09", "a PushStart of " + std::to_string(length) + " bytes, not 1 to 2147483647");
  }

  void accepted_authentication() {
    // A client that can do none of the schemes has nothing to list.
    for (const std::string_view value : head_.values("X-Accept-Authentication"))
      for (const std::string_view part : split(value, ",")) {
        const std::string_view scheme = trimmed(part);
        if (!scheme.empty() && !same(scheme, "Negotiate") && !same(scheme, "NTLM") &&
            !same(scheme, "Digest"))
          breach("C06", "X-Accept-Authentication lists " + in_quotes(scheme));
      }
  }

  bool by_proxy() const {
    for (const char* name : {"Via", "X-Forwarded-For", "Forwarded"})
      if (!head_.values(name).empty()) return true;
    return false;
  }

  void connection_fields() {
    const auto host = one("C07", "Host");
    if (host && trimmed(*host).empty()) breach("C07", "Host is empty");
    if (!head_.lists("Cache-Control", "no-cache"))
      breach("C07", "a request without Cache-Control: no-cache");
    // HTTP/1.1 keeps a connection that nothing is said of, and a reverse proxy says nothing. What
    // one that names itself says of its own connection to this server is no matter of the client's.
    const bool kept = head_.lists("Connection", "Keep-Alive") ||
                      (head_.values("Connection").empty() && head_.version == 11);
    if (!by_proxy() && (!kept || head_.lists("Connection", "close")))
      breach("C07", "a request without Connection: Keep-Alive");
    for (const char* name : {"Server", "Set-Cookie", "Supported"})
      if (!head_.values(name).empty())
        breach("C07", std::string(name) + " belongs in a response, not in a request");
    for (const std::string_view value : head_.values("Pragma"))
      for (const std::string_view part : split(value, ","))
        if (same(trimmed(part).substr(0, 8), "timeout="))
          breach("C07", "Pragma: timeout belongs in a response, not in a request");
  }

  const RequestHead& head_;
  Verdict verdict_;
};

}  // namespace

bool is_push(const RequestHead& head) {
  constexpr std::string_view kType = "application/x-wms-push";
  return head.first("User-Agent").starts_with("WMEncoder/") ||
         same(head.first("Content-Type").substr(0, kType.size()), kType);
}

Verdict judge(const RequestHead& head) { return Judge(head).run(); }

std::optional<Breach> parse_setup_body(std::string_view body, SetupDirectives& directives) {
  const auto breach = [](std::string text) { return Breach{"C08", std::move(text)}; };
  if (body.empty()) return std::nullopt;
  if (!body.ends_with("\r\n")) return breach("the PushSetup body does not end with CRLF");
  const auto lines = split(body.substr(0, body.size() - 2), "\r\n");
  if (lines.size() != 2)
    return breach("the PushSetup body has " + std::to_string(lines.size()) +
                  " lines, not Template-URL and AutoDestroy");

  constexpr std::string_view kTemplate = "Template-URL: \"";
  std::string_view path = lines[0];
  if (!path.starts_with(kTemplate) || path.size() == kTemplate.size() || !path.ends_with('"'))
    return breach("the first line of the PushSetup body is " + in_quotes(lines[0]) +
                  ", not Template-URL: \"/path\"");
  path = path.substr(kTemplate.size(), path.size() - kTemplate.size() - 1);
  if (!path.starts_with('/')) return breach("the Template-URL " + in_quotes(path) + " is no path");
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] <= ' ' || path[i] > '~' || path[i] == '"')
      return breach("the Template-URL has a character that must be percent-encoded");
    if (path[i] == '%' &&
        (i + 2 >= path.size() || hex_digit(path[i + 1]) < 0 || hex_digit(path[i + 2]) < 0))
      return breach("the Template-URL has a '%' without two hexadecimal digits");
  }

  constexpr std::string_view kAutoDestroy = "AutoDestroy: ";
  const std::string_view flag = lines[1].substr(std::min(kAutoDestroy.size(), lines[1].size()));
  if (!lines[1].starts_with(kAutoDestroy) || (flag != "0" && flag != "1"))
    return breach("the second line of the PushSetup body is " + in_quotes(lines[1]) +
                  ", not AutoDestroy: 0 or 1");
  directives.template_path = percent_decoded_leniently(path);
  directives.auto_destroy = flag == "1";
  return std::nullopt;
}

}  // namespace wmpush::pubpoint
