// The publishing points and the sessions that push to them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/push_session.hpp"
#include "pubpoint/request_rules.hpp"

namespace wmpush::pubpoint {

/// A session, or why there is none.
struct Grant {
  std::shared_ptr<PushSession> session;
  Refusal refusal;
  /// Holds the point and has to go, where the newer push takes over.
  std::shared_ptr<PushSession> displaced{};
};

class Registry {
 public:
  /// `points` exist until the end. Names without a leading '/' get one.
  explicit Registry(const std::vector<std::string>& points, Takeover takeover = Takeover::Refuse);

  std::vector<std::string> points() const;
  bool has(const std::string& point) const { return points_.contains(point); }

  /// A PushSetup (S03, S05). A new session gets a random id; a missing point is made from its
  /// template.
  Grant set_up(const PushRequest& request, const SetupDirectives& directives,
               Clock::time_point now);

  /// The session that a PushStart is for (S03). `fallback` is the one that was set up on the same
  /// connection, for a server that gives no push-id; null otherwise.
  /// A session whose connection has gone silent is handed over to the client that comes with its
  /// push-id: the old connection may be dead without showing it.
  Grant find(const PushRequest& request, const std::shared_ptr<PushSession>& fallback,
             Clock::time_point now);

  /// Forgets a session that is over, and its point when that was made for it with AutoDestroy.
  void remove(const std::shared_ptr<PushSession>& session);

  /// All sessions that are not over.
  std::vector<std::shared_ptr<PushSession>> sessions() const;

 private:
  struct Point {
    bool auto_destroy = false;
  };

  std::shared_ptr<PushSession> holder(const std::string& point);

  const Takeover takeover_;

  std::map<std::string, Point> points_;
  std::map<std::string, std::shared_ptr<PushSession>> sessions_;  // by push-id
};

}  // namespace wmpush::pubpoint
