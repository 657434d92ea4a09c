#include "pubpoint/registry.hpp"

#include <algorithm>
#include <random>

namespace wmpush::pubpoint {
namespace {

/// Random enough that no one guesses another's session (S03); never "0".
std::string new_push_id() {
  std::random_device random;  // the kernel's generator
  for (;;) {
    const std::uint64_t id = std::uint64_t{random()} << 32 | random();
    if (id != 0) return std::to_string(id);
  }
}

Grant refuse(int status, std::string rule, std::string text) {
  return {nullptr, {status, {std::move(rule), std::move(text)}}};
}

std::string in_quotes(const std::string& text) { return "\"" + text + "\""; }

}  // namespace

Registry::Registry(const std::vector<std::string>& points, Takeover takeover)
    : takeover_(takeover) {
  for (const std::string& point : points)
    points_.emplace(point.starts_with('/') ? point : "/" + point, Point{});
}

std::vector<std::string> Registry::points() const {
  std::vector<std::string> names;
  for (const auto& [name, point] : points_) names.push_back(name);
  return names;
}

std::vector<std::shared_ptr<PushSession>> Registry::sessions() const {
  std::vector<std::shared_ptr<PushSession>> all;
  for (const auto& [id, session] : sessions_) all.push_back(session);
  return all;
}

/// The session that keeps others from a point. One that looks alive may have come to its end or
/// lost its connection just now: its connection is read before it is believed.
std::shared_ptr<PushSession> Registry::holder(const std::string& point) {
  for (const auto& session : sessions()) {
    if (session->point() != point || !session->holds_point()) continue;
    if (const auto connection = session->connection()) connection->read_now();
    if (session->holds_point()) return session;
  }
  return nullptr;
}

Grant Registry::set_up(const PushRequest& request, const SetupDirectives& directives,
                       Clock::time_point now) {
  if (!request.push_id.empty() && request.push_id != "0") {
    Grant known = find(request, nullptr, now);
    if (known.session && known.session->holds_point())
      return refuse(
          409, "S03",
          "a PushSetup for session " + in_quotes(request.push_id) + ", which has begun to push");
    return known;
  }
  if (takeover_ == Takeover::Refuse && holder(request.path))
    return refuse(409, "S03", "the publishing point " + in_quotes(request.path) + " is in use");
  if (!points_.contains(request.path)) {
    if (directives.template_path.empty())
      return refuse(404, "S05",
                    "no publishing point " + in_quotes(request.path) +
                        ", and no Template-URL to make it from");
    if (!points_.contains(directives.template_path))
      return refuse(404, "S05",
                    "no publishing point " + in_quotes(request.path) + ", and no template " +
                        in_quotes(directives.template_path));
    points_.emplace(request.path, Point{directives.auto_destroy});
  }
  auto session = std::make_shared<PushSession>(new_push_id(), request.path, now);
  sessions_.emplace(session->id(), session);
  return {std::move(session), {}};
}

Grant Registry::find(const PushRequest& request, const std::shared_ptr<PushSession>& fallback,
                     Clock::time_point now) {
  std::shared_ptr<PushSession> session;
  if (const auto found = sessions_.find(request.push_id); found != sessions_.end())
    session = found->second;
  else if (request.push_id == "0" && fallback && !fallback->over())
    session = fallback;
  if (!session)
    return refuse(400, "S03", "no session has the push-id " + in_quotes(request.push_id));
  if (session->point() != request.path)
    return refuse(400, "S03",
                  "session " + in_quotes(request.push_id) + " is for " +
                      in_quotes(session->point()) + ", not for " + in_quotes(request.path));
  if (session->receiving())
    if (const auto connection = session->connection()) {
      const bool silent = session->silent(now);
      connection->read_now();
      if (silent && session->receiving()) connection->hand_over();
    }
  if (session->over())
    return refuse(400, "S03", "session " + in_quotes(request.push_id) + " has just ended");
  if (session->receiving())
    return refuse(409, "S03", "session " + in_quotes(request.push_id) + " is receiving already");
  auto other = holder(session->point());
  if (other == session) other = nullptr;
  if (other && takeover_ == Takeover::Refuse)
    return refuse(409, "S03", "the publishing point " + in_quotes(request.path) + " is in use");
  return {std::move(session), {}, std::move(other)};
}

void Registry::remove(const std::shared_ptr<PushSession>& session) {
  sessions_.erase(session->id());
  const auto point = points_.find(session->point());
  if (point == points_.end() || !point->second.auto_destroy) return;
  const bool used = std::any_of(sessions_.begin(), sessions_.end(), [&](const auto& other) {
    return other.second->point() == session->point();
  });
  if (!used) points_.erase(point);
}

}  // namespace wmpush::pubpoint
