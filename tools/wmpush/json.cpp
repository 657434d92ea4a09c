#include "json.hpp"

#include <cstdio>

namespace wmpush::tool {
namespace {

/// Length of the UTF-8 sequence at the start of `text`; 0 when it is not one (RFC 3629: neither
/// overlong forms nor surrogates nor anything above U+10FFFF).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead < 0xC2   ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  if (lead == 0xE0 && byte(1) < 0xA0) return 0;
  if (lead == 0xED && byte(1) >= 0xA0) return 0;
  if (lead == 0xF0 && byte(1) < 0x90) return 0;
  if (lead == 0xF4 && byte(1) >= 0x90) return 0;
  return length;
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (c < 0x20 || c == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

JsonObject& JsonObject::member(std::string_view name, std::string_view value) {
  if (!members_.empty()) members_ += ", ";
  members_ += json_string(name) + ": " + std::string(value);
  return *this;
}

JsonObject& JsonObject::add(std::string_view name, std::string_view text) {
  return member(name, json_string(text));
}

JsonObject& JsonObject::add(std::string_view name, std::uint64_t number) {
  return member(name, std::to_string(number));
}

JsonObject& JsonObject::add(std::string_view name, bool truth) {
  return member(name, truth ? "true" : "false");
}

JsonObject& JsonObject::add(std::string_view name, std::chrono::microseconds time) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6f", std::chrono::duration<double>(time).count());
  return member(name, text);
}

JsonObject& JsonObject::add_null(std::string_view name) { return member(name, "null"); }

}  // namespace wmpush::tool
