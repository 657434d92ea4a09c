#include "pubpoint/access/rights.hpp"

#include <algorithm>

namespace wmpush::pubpoint {

std::string_view verb(Right right) {
  switch (right) {
    case Right::Push:
      return "push to";
    case Right::Watch:
      return "watch";
    case Right::Administer:
      break;
  }
  return "administer";
}

std::string Rights::parse(std::string_view text, Rights& rights) {
  rights = {};
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view word = text.substr(at, end - at);
    if (word == "push")
      rights.add(Right::Push);
    else if (word == "watch")
      rights.add(Right::Watch);
    else if (word == "admin")
      rights.add(Right::Administer);
    else
      return "'" + std::string(word) + "' is no right: push, watch and admin are those there are";
    at = end + 1;
  }
  return {};
}

std::string UserGrant::parse(std::string_view text, UserGrant& grant) {
  grant = {};
  const std::size_t first = text.find(':');
  const std::size_t second = first == text.npos ? first : text.find(':', first + 1);
  if (first == 0 || second == text.npos)
    return "'" + std::string(text) + "' is not USER:RIGHTS:POINTS, as in ali:push,watch:/live";
  grant.user = text.substr(0, first);
  if (std::string wrong = Rights::parse(text.substr(first + 1, second - first - 1), grant.rights);
      !wrong.empty())
    return wrong;
  const std::string_view points = text.substr(second + 1);
  for (std::size_t at = 0; at <= points.size();) {
    const std::size_t end = std::min(points.find(',', at), points.size());
    PointPattern pattern;
    if (std::string wrong = PointPattern::parse(points.substr(at, end - at), pattern);
        !wrong.empty())
      return wrong;
    grant.points.push_back(std::move(pattern));
    at = end + 1;
  }
  return {};
}

bool UserGrant::allows(Right right, std::string_view point) const {
  return rights.has(right) && std::ranges::any_of(points, [&](const PointPattern& pattern) {
           return pattern.matches(point);
         });
}

}  // namespace wmpush::pubpoint
