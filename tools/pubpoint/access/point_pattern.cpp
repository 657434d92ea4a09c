#include "pubpoint/access/point_pattern.hpp"

namespace wmpush::pubpoint {

std::string PointPattern::parse(std::string_view text, PointPattern& pattern) {
  const std::string quoted = "'" + std::string(text) + "'";
  if (text.empty()) return quoted + " names no publishing point";
  const std::size_t star = text.find('*');
  if (star != text.npos && star + 1 != text.size())
    return "in " + quoted + " the '*' does not stand at the end";
  for (const char c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7F)
      return quoted + " cannot be the name of a publishing point";
  pattern.text_ = (text.front() == '/' || text == "*" ? "" : "/") + std::string(text);
  return {};
}

bool PointPattern::matches(std::string_view point) const {
  const std::string_view pattern = text_;
  if (!pattern.ends_with('*')) return point == pattern;
  const std::string_view beginning = pattern.substr(0, pattern.size() - 1);
  return point.starts_with(beginning);
}

}  // namespace wmpush::pubpoint
