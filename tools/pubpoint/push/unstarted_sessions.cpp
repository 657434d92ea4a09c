#include "pubpoint/push/unstarted_sessions.hpp"

#include <utility>

namespace wmpush::pubpoint {
namespace {

/// So many are looked at for one that has to go, whatever the limit is.
constexpr std::size_t kLooks = 128;

}  // namespace

void UnstartedSessions::add(const std::string& owner, const std::shared_ptr<PushSession>& session) {
  Sessions& its = sessions_[owner];
  its.push_back(session);
  places_.insert_or_assign(session->id(), Place{owner, std::prev(its.end())});
}

void UnstartedSessions::remove(const std::string& push_id) {
  const auto place = places_.extract(push_id);
  if (place.empty()) return;
  const auto its = sessions_.find(place.mapped().owner);
  its->second.erase(place.mapped().session);
  if (its->second.empty()) sessions_.erase(its);
}

std::size_t UnstartedSessions::of(const std::string& owner) const {
  const auto its = sessions_.find(owner);
  return its == sessions_.end() ? 0 : its->second.size();
}

std::shared_ptr<PushSession> UnstartedSessions::dispensable(const std::string& owner) const {
  const auto its = sessions_.find(owner);
  if (its == sessions_.end()) return nullptr;
  struct Connection {
    std::size_t sessions = 0;
    std::shared_ptr<PushSession> oldest;
  };
  std::unordered_map<const SessionConnection*, Connection> connections;
  const Connection* greediest = nullptr;
  std::size_t looks = 0;
  for (const auto& session : its->second) {
    if (looks++ == kLooks) break;
    const auto connection = session->connection();
    if (!connection || !connection->is_open()) return session;
    Connection& known = connections[connection.get()];
    if (known.sessions++ == 0) known.oldest = session;
    if (known.sessions > 1 && (greediest == nullptr || known.sessions > greediest->sessions))
      greediest = &known;
  }
  return greediest == nullptr ? nullptr : greediest->oldest;
}

}  // namespace wmpush::pubpoint
