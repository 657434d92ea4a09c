// The sessions that were set up and have not begun to push, by who has set them up.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "pubpoint/push/push_session.hpp"

namespace wmpush::pubpoint {

class UnstartedSessions {
 public:
  void add(const std::string& owner, const std::shared_ptr<PushSession>& session);
  /// It has begun, or is over. Nothing where it is not here.
  void remove(const std::string& push_id);

  std::size_t all() const { return places_.size(); }
  std::size_t of(const std::string& owner) const;

  /// The one of `owner` that has to make room for another: the oldest whose connection has gone, or
  /// else the oldest of the connection that has most of them. So whoever sets up one after the
  /// other takes the places of his own. Null when each connection has one: then nobody is greedy.
  std::shared_ptr<PushSession> dispensable(const std::string& owner) const;

 private:
  using Sessions = std::list<std::shared_ptr<PushSession>>;  // oldest first
  struct Place {
    std::string owner;
    Sessions::iterator session;
  };

  std::unordered_map<std::string, Sessions> sessions_;  // by owner
  std::unordered_map<std::string, Place> places_;       // by push-id
};

}  // namespace wmpush::pubpoint
