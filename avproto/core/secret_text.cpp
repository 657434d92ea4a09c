#include "core/secret_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <vector>

namespace wmpush {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kBlank = " \t\r\n";
/// What a sentence puts behind a URL.
constexpr std::string_view kClosing = "'\":,;.)";
constexpr auto npos = std::string_view::npos;

struct Span {
  std::size_t begin;
  std::size_t end;
};

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

/// Whether the sentence goes on at `at`, behind a URL.
bool ends_url(std::string_view text, std::size_t at) {
  at = std::min(text.find_first_not_of(kClosing, at), text.size());
  return at == text.size() || kBlank.find(text[at]) != npos;
}

/// Adds the password before the host of the URL whose authority starts at `start`.
void add_password(std::vector<Span>& secrets, std::string_view text, std::size_t start) {
  if (text[start] == '[') return;
  const std::size_t colon = text.find(':', start);
  if (colon != npos) {
    const std::size_t behind = std::min(text.find_first_not_of(kDigits, colon + 1), text.size());
    const bool has_path = behind < text.size() && (text[behind] == '/' || text[behind] == '?');
    if (!has_path && ends_url(text, behind)) return;  // a port, and the sentence goes on
  }
  const UrlPassword password = find_url_password(text, start);
  if (password.found()) secrets.push_back({password.begin, password.end});
}

/// Adds the value of the parameter at `name` if it is a secret.
void add_value(std::vector<Span>& secrets, std::string_view text, std::size_t name) {
  const auto first = text.begin() + static_cast<std::ptrdiff_t>(name);
  const auto equals = static_cast<std::size_t>(
      std::find_if_not(first, text.end(), is_name_character) - text.begin());
  if (equals == text.size() || text[equals] != '=') return;
  if (!names_secret(text.substr(name, equals - name))) return;
  std::size_t end = std::min(text.find_first_of("& \t\r\n", equals), text.size());
  if (end == text.size() || text[end] != '&') {
    const std::size_t last = text.substr(0, end).find_last_not_of(kClosing);
    end = std::max(last, equals) + 1;
  }
  if (end > equals + 1) secrets.push_back({equals + 1, end});
}

}  // namespace

UrlPassword find_url_password(std::string_view url, std::size_t authority) {
  std::size_t path = std::min(url.find_first_of("/?", authority), url.size());
  const std::size_t colon = url.substr(0, path).find(':', authority);
  if (colon == npos) return {path, path, path};
  std::size_t at = url.substr(0, path).rfind('@');
  if (at == npos || at < authority) {
    // The '/' may be in the password: what then stands in the place of the port is not a number.
    const std::string_view port = url.substr(colon + 1, path - colon - 1);
    if (url[authority] != '[' && port.find_first_not_of(kDigits) != npos) at = url.rfind('@');
  }
  if (at == npos || at <= colon) return {path, path, path};
  path = std::min(url.find_first_of("/?", at), url.size());
  return {colon + 1, at, path};
}

bool names_secret(std::string_view name) {
  constexpr std::array<std::string_view, 8> kSigns = {"pass", "pasw",   "sword", "psw",
                                                      "pwd",  "secret", "token", "proxy"};
  std::string lower;
  for (const char c : name)
    lower += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (lower == "password_file") return false;
  return lower.starts_with("pw") || std::ranges::any_of(kSigns, [&](std::string_view sign) {
           return lower.find(sign) != std::string::npos;
         });
}

std::string mask_secrets(std::string_view text) {
  constexpr std::string_view kAuthority = "://";
  std::vector<Span> secrets;
  for (std::size_t at = 0; (at = text.find(kAuthority, at)) != npos;) {
    at += kAuthority.size();
    if (at < text.size()) add_password(secrets, text, at);
  }
  for (std::size_t at = 0; (at = text.find_first_of("?&", at)) != npos;)
    add_value(secrets, text, ++at);
  std::ranges::sort(secrets, {}, &Span::begin);

  std::string masked;
  std::size_t copied = 0;
  for (const auto& [begin, end] : secrets) {
    if (begin >= copied) (masked += text.substr(copied, begin - copied)) += kMask;
    copied = std::max(copied, end);
  }
  return masked += text.substr(copied);
}

}  // namespace wmpush
