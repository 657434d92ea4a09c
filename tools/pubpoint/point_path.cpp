#include "pubpoint/point_path.hpp"

#include <algorithm>

#include "core/percent.hpp"
#include "pubpoint/web/assets.hpp"
#include "pubpoint/web/layout.hpp"

namespace wmpush::pubpoint {

bool is_reserved(std::string_view path) {
  return path == kAdminPath || find_asset(path) != nullptr;
}

std::string parse_point(std::string_view name, std::string& path) {
  const std::string quoted = "'" + std::string(name) + "'";
  if (name.empty()) return "a publishing point needs a name, / at least";
  // In a URL they would end the path.
  if (const std::size_t at = name.find_first_of("?#"); at != name.npos)
    return quoted + " cannot be the name of a publishing point: write " +
           (name[at] == '?' ? "%3F for '?'" : "%23 for '#'");
  const std::string decoded = percent_decoded_leniently(name);
  const bool has_control =
      std::ranges::any_of(decoded, [](unsigned char c) { return c < ' ' || c == 0x7F; });
  if (has_control)
    return quoted + " cannot be the name of a publishing point: it has a control character";
  path = decoded.starts_with('/') ? decoded : "/" + decoded;
  if (is_reserved(path))
    return quoted + " cannot be the name of a publishing point: the page of the server needs it";
  return {};
}

}  // namespace wmpush::pubpoint
