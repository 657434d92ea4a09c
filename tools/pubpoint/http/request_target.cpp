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

std::string_view path_of(std::string_view target) {
  target = path_and_query(target);
  return target.substr(0, target.find('?'));
}

std::string_view query_of(std::string_view target) {
  const std::size_t mark = target.find('?');
  return mark == target.npos ? std::string_view() : target.substr(mark + 1);
}

std::string host_for_url(const RequestHead& head) {
  const std::string_view host = head.first("Host");
  const bool fits = host.size() <= 255 && std::ranges::all_of(host, [](char c) {
                      return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
                             std::string_view("-._:[]").find(c) != std::string_view::npos;
                    });
  return fits ? std::string(host) : std::string();
}

}  // namespace wmpush::pubpoint
