#include "secrets.hpp"

#include <algorithm>
#include <cstring>

#include "core/secret_text.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::tool {
namespace {

std::string with_underscores(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

}  // namespace

std::vector<SecretSpan> secrets_in_url(std::string_view url, const IsSecret& is_secret) {
  std::vector<SecretSpan> found;
  const std::size_t scheme = url.find("://");
  if (scheme == url.npos) return found;
  const std::size_t start = scheme + 3;
  const UrlPassword password = find_url_password(url, start);
  if (password.found()) found.push_back({password.begin, password.end - password.begin});

  std::size_t query = url.find('?', password.authority_end);
  while (query != url.npos && query + 1 < url.size()) {
    const std::size_t name = query + 1;
    const std::size_t end = std::min(url.find('&', name), url.size());
    const std::size_t equals = std::min(url.find('=', name), end);
    if (equals < end && is_secret(url.substr(name, equals - name)))
      found.push_back({equals + 1, end - equals - 1});
    query = end < url.size() ? end : url.npos;
  }
  return found;
}

std::string masked_url(std::string_view url, const IsSecret& is_secret) {
  std::string masked(url);
  const std::vector<SecretSpan> secrets = secrets_in_url(url, is_secret);
  for (auto secret = secrets.rbegin(); secret != secrets.rend(); ++secret)
    masked.replace(secret->at, secret->size, "***");
  return masked;
}

void scrub(std::span<char*> arguments, const IsSecret& is_secret) {
  bool value_is_secret = false;
  for (char* argument : arguments) {
    if (argument == nullptr) break;
    const std::string_view text = argument;
    if (value_is_secret) {
      std::memset(argument, '*', text.size());
      value_is_secret = false;
      continue;
    }
    std::size_t url = 0;
    if (text.starts_with("--")) {
      const std::size_t equals = std::min(text.find('='), text.size());
      const bool secret = is_secret(with_underscores(text.substr(2, equals - 2)));
      value_is_secret = secret && equals == text.size();
      if (secret && equals < text.size())
        std::memset(argument + equals + 1, '*', text.size() - equals - 1);
      if (secret || equals == text.size()) continue;
      url = equals + 1;  // a proxy's URL may carry a password as well
    }
    for (const SecretSpan& span : secrets_in_url(text.substr(url), is_secret))
      std::memset(argument + url + span.at, '*', span.size);
  }
}

bool is_secret_option(std::string_view option) {
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i)
    if (info->name == with_underscores(option)) return info->secret != 0;
  return names_secret(option);
}

}  // namespace wmpush::tool
