#include "pubpoint/web/html.hpp"

#include "core/printable.hpp"
#include "core/utf8.hpp"

namespace wmpush::pubpoint {
namespace {

/// Empty: the character stands for itself.
std::string_view entity(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string html_escaped(std::string_view text) {
  constexpr std::string_view kReplacement = "\uFFFD";
  std::string safe;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    if (length == 0 || (text[0] != '\n' && !is_printable(character)))
      safe += kReplacement;
    else if (const std::string_view escaped = entity(text[0]); !escaped.empty())
      safe += escaped;
    else
      safe += character;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return safe;
}

Html& Html::attribute(std::string_view name, std::string_view value) {
  return markup(" ").markup(name).markup("=\"").text(value).markup("\"");
}

Html& Html::element(std::string_view name, std::string_view text) {
  return markup("<").markup(name).markup(">").text(text).markup("</").markup(name).markup(">");
}

}  // namespace wmpush::pubpoint
