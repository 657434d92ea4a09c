#include "pubpoint/access/token.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "pubpoint/access/base64.hpp"
#include "pubpoint/access/hash.hpp"

namespace wmpush::pubpoint {
std::string make_token(std::string_view key, const PointPattern& points,
                       std::chrono::system_clock::time_point expiry) {
  if (key.size() < kMinTokenKey)
    throw std::invalid_argument("the key of tokens has " + std::to_string(key.size()) +
                                " bytes, and needs " + std::to_string(kMinTokenKey));
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(expiry.time_since_epoch()).count();
  const std::string body = base64url(std::to_string(seconds) + " " + points.text());
  const std::string mark = signature(key, body);
  if (mark.empty()) throw std::runtime_error("OpenSSL cannot make an HMAC-SHA256");
  return body + "." + mark;
}

TokenCheck check_token(std::string_view key, std::string_view token, std::string_view point,
                       std::chrono::system_clock::time_point now) {
  const std::size_t dot = token.rfind('.');
  if (key.size() < kMinTokenKey || dot == token.npos) return TokenCheck::Wrong;
  const std::string_view body = token.substr(0, dot);
  if (!same_secret(token.substr(dot + 1), signature(key, body))) return TokenCheck::Wrong;

  const std::string text = from_base64(body).value_or("");
  const std::size_t space = text.find(' ');
  std::int64_t expiry = 0;
  PointPattern points;
  if (space == text.npos ||
      std::from_chars(text.data(), text.data() + space, expiry).ptr != text.data() + space ||
      !PointPattern::parse(std::string_view(text).substr(space + 1), points).empty() ||
      !points.matches(point))
    return TokenCheck::Wrong;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return seconds < expiry ? TokenCheck::Ok : TokenCheck::Expired;
}

std::string_view token_in(std::string_view target) {
  constexpr std::string_view kName = "token=";
  for (std::size_t at = target.find('?'); at != target.npos; at = target.find('&', at + 1)) {
    const std::string_view rest = target.substr(at + 1);
    if (rest.starts_with(kName)) return rest.substr(kName.size(), rest.find('&') - kName.size());
  }
  return {};
}

}  // namespace wmpush::pubpoint
