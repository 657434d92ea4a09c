#include "pubpoint/web/form_fields.hpp"

#include <algorithm>
#include <charconv>

#include "core/percent.hpp"

namespace wmpush::pubpoint {

std::optional<std::string_view> value_of(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view field = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(field.size() + 1, query.size()));
    if (field.starts_with(name) && field.substr(name.size()).starts_with('='))
      return field.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::string decoded_value_of(std::string_view query, std::string_view name) {
  return percent_decoded_leniently(value_of(query, name).value_or(""));
}

std::string form_value_of(std::string_view form, std::string_view name) {
  std::string value(value_of(form, name).value_or(""));
  std::ranges::replace(value, '+', ' ');
  return percent_decoded_leniently(value);
}

std::size_t page_in(std::string_view query) {
  const std::string_view text = value_of(query, "page").value_or("");
  std::size_t page = 1;
  std::from_chars(text.data(), text.data() + text.size(), page);
  return std::max<std::size_t>(page, 1);
}

std::string encoded_for_query(std::string_view text) {
  return percent_encoded(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._~/").find(c) != std::string_view::npos;
  });
}

}  // namespace wmpush::pubpoint
