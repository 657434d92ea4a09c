#include "pubpoint/access/form_tokens.hpp"

#include <charconv>
#include <cstdint>
#include <random>

#include "pubpoint/access/hash.hpp"

namespace wmpush::pubpoint {
namespace {

std::string new_key() {
  std::random_device random;  // the kernel's generator
  std::string key;
  while (key.size() < 32) {
    const std::uint32_t four = random();
    for (int i = 0; i < 4; ++i) key += static_cast<char>(four >> (8 * i) & 0xFF);
  }
  return key;
}

/// What is signed: no user's token can be read as another one's.
std::string statement(std::string_view seconds, std::string_view user) {
  return std::string(seconds) + "\n" + std::string(user);
}

std::int64_t seconds_of(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

FormTokens::FormTokens(std::chrono::seconds lifetime) : lifetime_(lifetime), key_(new_key()) {}

std::string FormTokens::make(std::string_view user, Clock::time_point now) const {
  const std::string seconds = std::to_string(seconds_of(now));
  const std::string mark = signature(key_, statement(seconds, user));
  return mark.empty() ? std::string() : seconds + "." + mark;
}

TokenCheck FormTokens::check(std::string_view token, std::string_view user,
                             Clock::time_point now) const {
  const std::size_t dot = token.find('.');
  if (dot == token.npos) return TokenCheck::Wrong;
  const std::string_view seconds = token.substr(0, dot);
  if (!same_secret(token.substr(dot + 1), signature(key_, statement(seconds, user))))
    return TokenCheck::Wrong;
  std::int64_t made = 0;
  std::from_chars(seconds.data(), seconds.data() + seconds.size(), made);
  return seconds_of(now) - made < lifetime_.count() ? TokenCheck::Ok : TokenCheck::Expired;
}

}  // namespace wmpush::pubpoint
