#include "core/printable.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "core/utf8.hpp"

namespace wmpush {
namespace {

bool is_control(std::uint32_t code) { return code < 0x20 || (code >= 0x7F && code < 0xA0); }

}  // namespace

bool is_printable(std::string_view character) {
  const std::uint32_t code = code_point(character);
  const auto within = [&](std::uint32_t first, std::uint32_t last) {
    return code >= first && code <= last;
  };
  return !is_control(code) && code != 0x061C && !within(0x200E, 0x200F) &&
         !within(0x2028, 0x202E) && !within(0x2066, 0x2069);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    if (length != 0 && is_printable(piece)) {
      out += piece;
    } else {
      for (const char c : piece) {
        char escaped[8];
        std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
        out += escaped;
      }
    }
    text.remove_prefix(piece.size());
  }
  return out;
}

bool has_control_character(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    const std::uint32_t code = code_point(piece);  // of a stray byte: what it is in ISO 8859
    if (is_control(code)) return true;
    text.remove_prefix(piece.size());
  }
  return false;
}

}  // namespace wmpush
