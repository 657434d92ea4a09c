#include "pubpoint/web/json.hpp"

#include <cstdio>

#include "core/printable.hpp"
#include "core/secret_text.hpp"
#include "core/utf8.hpp"

namespace wmpush::pubpoint {
namespace {

/// \uNNNN for a character that is not printable: each of these has at most four hex digits.
std::string json_escape(std::string_view character) {
  char escaped[8];
  std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(code_point(character)));
  return escaped;
}

std::string escaped_json(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto c = static_cast<unsigned char>(text[0]);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[0];
    } else if (const std::string_view character = text.substr(0, length);
               !is_printable(character)) {
      out += json_escape(character);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out + '"';
}

}  // namespace

std::string json_string(std::string_view string) { return escaped_json(mask_secrets(string)); }

JsonObject& JsonObject::member(std::string_view name, std::string_view value) {
  if (!members_.empty()) members_ += ", ";
  members_ += json_string(name) + ": " + std::string(value);
  return *this;
}

JsonObject& JsonObject::add(std::string_view name, std::string_view text) {
  return member(name, json_string(text));
}

JsonObject& JsonObject::add_unmasked(std::string_view name, std::string_view text) {
  return member(name, escaped_json(text));
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

JsonObject& JsonObject::add(std::string_view name, const std::vector<JsonObject>& objects) {
  std::string list;
  for (const JsonObject& object : objects) list += (list.empty() ? "" : ", ") + object.text();
  return member(name, "[" + list + "]");
}

JsonObject& JsonObject::add(std::string_view name,
                            const std::vector<std::vector<std::string>>& rows) {
  std::string list;
  for (const auto& row : rows) {
    std::string texts;
    for (const std::string& text : row) texts += (texts.empty() ? "" : ", ") + json_string(text);
    list += (list.empty() ? "[" : ", [") + texts + "]";
  }
  return member(name, "[" + list + "]");
}

JsonObject& JsonObject::add(std::string_view name, double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.3f", number);
  return member(name, text);
}

JsonObject& JsonObject::add_null(std::string_view name) { return member(name, "null"); }

}  // namespace wmpush::pubpoint
