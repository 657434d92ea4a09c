#include "core/percent.hpp"

#include "core/hexadecimal.hpp"

namespace wmpush {
namespace {

/// Calls `bad` for a '%' without two digits; stops where that says so.
template <typename Bad>
bool decode(std::string_view text, std::string& decoded, Bad bad) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      if (!bad()) return false;
      decoded += '%';
      continue;
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  if (!decode(text, decoded, [] { return false; })) return std::nullopt;
  return decoded;
}

std::string percent_decoded_leniently(std::string_view text) {
  std::string decoded;
  decode(text, decoded, [] { return true; });
  return decoded;
}

std::string percent_encoded(std::string_view text, bool (*stays)(char)) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (stays(c)) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string percent_encoded_path(std::string_view path) {
  return percent_encoded(path, [](char c) {
    constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kPlain.find(c) != kPlain.npos;
  });
}

}  // namespace wmpush
