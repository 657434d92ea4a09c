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

std::string host_for_url(const RequestHead& head) {
  const auto values = head.values("Host");
  const std::string_view host = values.empty() ? std::string_view() : values.front();
  const bool fits = host.size() <= 255 && std::ranges::all_of(host, [](char c) {
                      return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
                             std::string_view("-._:[]").find(c) != std::string_view::npos;
                    });
  return fits ? std::string(host) : std::string();
}

}  // namespace wmpush::pubpoint
