#include "pubpoint/pull/client_ids.hpp"

#include <random>

namespace wmpush::pubpoint {

const ClientIds::Session* ClientIds::find(std::uint32_t id, Clock::time_point now) {
  const auto place = places_.find(id);
  if (place == places_.end()) return nullptr;
  sessions_.splice(sessions_.begin(), sessions_, place->second);
  place->second->used = now;
  return &*place->second;
}

const ClientIds::Session& ClientIds::make(Clock::time_point now) {
  std::random_device random;
  std::uint32_t id = 0;
  do {
    id = random();
  } while (id == 0 || places_.contains(id));
  if (places_.size() == kMost) {
    places_.erase(sessions_.back().id);
    sessions_.pop_back();
  }
  sessions_.push_front({id, 0, now});
  places_.emplace(id, sessions_.begin());
  return sessions_.front();
}

void ClientIds::set_viewer(std::uint32_t id, std::uint64_t viewer, Clock::time_point now) {
  if (find(id, now) != nullptr) sessions_.front().viewer = viewer;
}

void ClientIds::check_timers(Clock::time_point now) {
  for (auto session = sessions_.end(); session != sessions_.begin();) {
    --session;
    if (now - session->used < kIdle) return;
    if (session->viewer != 0) continue;
    places_.erase(session->id);
    session = sessions_.erase(session);
  }
}

}  // namespace wmpush::pubpoint
