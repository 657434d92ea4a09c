// JSON objects, written on one line.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wmpush::pubpoint {

/// Members come out in the order in which they were added.
class JsonObject {
 public:
  /// Bytes that are not UTF-8 become U+FFFD, what is not printable (core/printable.hpp) \uNNNN.
  JsonObject& add(std::string_view name, std::string_view text);
  JsonObject& add(std::string_view name, const char* text) {
    return add(name, std::string_view(text));
  }
  /// The same without a mask over secrets, for who is to have them.
  JsonObject& add_unmasked(std::string_view name, std::string_view text);
  JsonObject& add(std::string_view name, std::uint64_t number);
  JsonObject& add(std::string_view name, bool truth);
  /// Seconds with six decimals.
  JsonObject& add(std::string_view name, std::chrono::microseconds time);
  JsonObject& add(std::string_view name, const std::vector<JsonObject>& objects);
  /// Rows of texts.
  JsonObject& add(std::string_view name, const std::vector<std::vector<std::string>>& rows);
  /// With three decimals.
  JsonObject& add(std::string_view name, double number);
  JsonObject& add(std::string_view name, const JsonObject& object) {
    return member(name, object.text());
  }
  JsonObject& add_null(std::string_view name);

  std::string text() const { return members_.empty() ? "{}" : "{" + members_ + "}"; }

 private:
  JsonObject& member(std::string_view name, std::string_view value);

  std::string members_;
};

/// `string` in quotes, escaped, without the secrets that may be in it (mask_secrets()).
std::string json_string(std::string_view string);

}  // namespace wmpush::pubpoint
