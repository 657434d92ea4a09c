#include "pubpoint/registry.hpp"

#include <algorithm>
#include <random>

#include "pubpoint/access/ip_address.hpp"
#include "pubpoint/http/field_text.hpp"
#include "pubpoint/point_path.hpp"

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

Grant refuse(int status, std::string rule, std::string text,
             std::optional<Limit> limit = std::nullopt) {
  return {nullptr, {status, {std::move(rule), std::move(text)}, limit}};
}

}  // namespace

Registry::Registry(const std::vector<std::string>& points, Takeover takeover, const Limits& limits)
    : takeover_(takeover), limits_(limits) {
  for (const std::string& point : points)
    points_.emplace(point.starts_with('/') ? point : "/" + point, Point{});
}

void Registry::change_rules(Takeover takeover, const Limits& limits) {
  takeover_ = takeover;
  limits_ = limits;
}

std::vector<std::string> Registry::points() const {
  std::vector<std::string> names;
  for (const auto& [name, point] : points_) names.push_back(name);
  return names;
}

bool Registry::waits_for_resume(const std::string& point) const {
  const auto session = pusher(point);
  return session && session->waits_for_resume();
}

std::shared_ptr<PushSession> Registry::pusher(const std::string& point) const {
  const auto found = points_.find(point);
  const auto session = found == points_.end() ? nullptr : found->second.holder.lock();
  return session && session->holds_point() ? session : nullptr;
}

std::vector<std::shared_ptr<PushSession>> Registry::sessions() const {
  std::vector<std::shared_ptr<PushSession>> all;
  for (const auto& [id, session] : sessions_) all.push_back(session);
  return all;
}

/// The session that keeps others from a point. One that looks alive may have come to its end or
/// lost its connection just now: its connection is read before it is believed.
std::shared_ptr<PushSession> Registry::holder(const std::string& point) {
  const auto session = pusher(point);
  if (!session) return nullptr;
  if (const auto connection = session->connection()) connection->read_now();
  return session->holds_point() ? session : nullptr;
}

Refusal Registry::make_point(const PushRequest& request, const SetupDirectives& directives) {
  const auto missing = [&](const std::string& why) {
    return Refusal{404, {"S05", "no publishing point " + in_quotes(request.path) + why}};
  };
  if (directives.template_path.empty()) return missing(", and no Template-URL to make it from");
  if (!points_.contains(directives.template_path))
    return missing(", and no template " + in_quotes(directives.template_path));
  if (is_reserved(request.path))
    return {403,
            {"S05", in_quotes(request.path) +
                        " cannot be a publishing point: the page of the server needs it"}};
  if (request.path.size() > limits_.point_name)
    return {403,
            {"S05", "the name of a publishing point with " + std::to_string(request.path.size()) +
                        " characters; " + std::to_string(limits_.point_name) + " are the most"},
            Limit::PointName};
  if (template_points_ >= limits_.points)
    return {503,
            {"S05", "there are " + std::to_string(limits_.points) + " points from templates"},
            Limit::Points};
  points_.emplace(request.path, Point{true, directives.auto_destroy});
  ++template_points_;
  return {0, {}};
}

Grant Registry::set_up(const PushRequest& request, const SetupDirectives& directives,
                       const std::string& address, Clock::time_point now) {
  if (!request.push_id.empty() && request.push_id != "0") {
    Grant known = find(request, now);
    if (known.session && known.session->holds_point())
      return refuse(
          409, "S03",
          "a PushSetup for session " + in_quotes(request.push_id) + ", which has begun to push");
    return known;
  }
  if (takeover_ == Takeover::Refuse && holder(request.path))
    return refuse(409, "S03", "the publishing point " + in_quotes(request.path) + " is in use");
  const std::string owner = owner_of(address);
  std::shared_ptr<PushSession> displaced;
  if (unstarted_.of(owner) >= limits_.address_unstarted) {
    displaced = unstarted_.dispensable(owner);
    if (!displaced)
      return refuse(503, "S03",
                    std::to_string(limits_.address_unstarted) + " sessions of " + address +
                        " have not begun to push",
                    Limit::AddressUnstarted);
  } else if (unstarted_.all() >= limits_.unstarted) {
    return refuse(503, "S03",
                  std::to_string(limits_.unstarted) + " sessions have not begun to push",
                  Limit::Unstarted);
  }
  if (!points_.contains(request.path))
    if (Refusal refusal = make_point(request, directives); refusal.status != 0)
      return {nullptr, std::move(refusal)};
  Point& point = points_.at(request.path);
  ++point.sessions;
  point.last_used = now;
  auto session = std::make_shared<PushSession>(new_push_id(), request.path, now);
  session->set_entry_limit(limits_.entries_per_minute);
  sessions_.emplace(session->id(), session);
  unstarted_.add(owner, session);
  return {std::move(session), {}, std::move(displaced)};
}

void Registry::start(const std::shared_ptr<PushSession>& session) {
  unstarted_.remove(session->id());
  if (const auto point = points_.find(session->point()); point != points_.end())
    point->second.holder = session;
}

Grant Registry::find(const PushRequest& request, Clock::time_point now) {
  const auto found = sessions_.find(request.push_id);
  if (found == sessions_.end())
    return refuse(400, "S03", "no session has the push-id " + in_quotes(request.push_id));
  std::shared_ptr<PushSession> session = found->second;
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

void Registry::remove(const std::shared_ptr<PushSession>& session, Clock::time_point now) {
  if (sessions_.erase(session->id()) == 0) return;
  unstarted_.remove(session->id());
  const auto point = points_.find(session->point());
  if (point == points_.end()) return;
  --point->second.sessions;
  point->second.last_used = now;
  if (!point->second.auto_destroy || point->second.sessions > 0) return;
  points_.erase(point);
  --template_points_;
}

void Registry::check_timers(Clock::time_point now) {
  template_points_ -= std::erase_if(points_, [&](const auto& entry) {
    const Point& point = entry.second;
    return point.from_template && point.sessions == 0 &&
           now - point.last_used >= limits_.point_time;
  });
}

}  // namespace wmpush::pubpoint
