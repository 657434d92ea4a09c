#include "pubpoint/http/request_target.hpp"

#include <algorithm>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {

std::string_view path_and_query(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (!same(target.substr(0, kScheme.size()), kScheme)) return target;
  target.remove_prefix(kScheme.size());
  return target.substr(std::min(target.find('/'), target.size()));
}

}  // namespace wmpush::pubpoint
