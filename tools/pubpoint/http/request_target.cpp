#include "pubpoint/http/request_target.hpp"

#include <algorithm>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {

std::string_view path_and_query(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!same(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    return target.substr(std::min(target.find('/'), target.size()));
  }
  return target;
}

}  // namespace wmpush::pubpoint
