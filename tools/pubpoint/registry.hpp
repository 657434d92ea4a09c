// The publishing points and the sessions that push to them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "pubpoint/push/push_session.hpp"
#include "pubpoint/push/request_rules.hpp"
#include "pubpoint/push/unstarted_sessions.hpp"

namespace wmpush::pubpoint {

/// A session, or why there is none.
struct Grant {
  std::shared_ptr<PushSession> session;
  Refusal refusal;
  /// Has to go: it holds the point, and the newer push takes over; or it makes room for the
  /// newer one within a limit.
  std::shared_ptr<PushSession> displaced{};
};

/// Finds points by name and sessions by id, without a look at the others.
class Registry {
 public:
  /// `points` exist until the end. Names without a leading '/' get one.
  explicit Registry(const std::vector<std::string>& points, Takeover takeover = Takeover::Refuse,
                    const Limits& limits = {});

  /// For what comes from now on.
  void change_rules(Takeover takeover, const Limits& limits);

  std::vector<std::string> points() const;
  std::size_t size() const { return points_.size(); }
  bool has(const std::string& point) const { return points_.contains(point); }

  /// A PushSetup of a client at `address` (S03, S05). A new session gets a random id; a missing
  /// point is made from its template.
  Grant set_up(const PushRequest& request, const SetupDirectives& directives,
               const std::string& address, Clock::time_point now);

  /// The session that a PushStart is for (S03). A session whose connection has gone silent is
  /// handed over to the client that comes with its push-id: the old connection may be dead without
  /// showing it.
  Grant find(const PushRequest& request, Clock::time_point now);
  /// Its first PushStart has begun: it holds its point from here on.
  void start(const std::shared_ptr<PushSession>& session);

  /// Forgets a session that is over, and its point when that was made for it with AutoDestroy.
  void remove(const std::shared_ptr<PushSession>& session, Clock::time_point now);

  /// Forgets points from templates that nobody has used for long.
  void check_timers(Clock::time_point now);

  /// The push that holds the point has lost its connection, and may be resumed (S09).
  bool waits_for_resume(const std::string& point) const;

  /// The push that holds the point, as far as is known; null: none.
  std::shared_ptr<PushSession> pusher(const std::string& point) const;

  /// All sessions that are not over.
  std::vector<std::shared_ptr<PushSession>> sessions() const;

 private:
  struct Point {
    bool from_template = false;
    bool auto_destroy = false;
    std::size_t sessions = 0;
    Clock::time_point last_used{};
    std::weak_ptr<PushSession> holder{};  // has begun to push
  };
  std::shared_ptr<PushSession> holder(const std::string& point);
  /// Why a point cannot be made; a status of 0 when it was.
  Refusal make_point(const PushRequest& request, const SetupDirectives& directives);

  Takeover takeover_;
  Limits limits_;
  std::map<std::string, Point> points_;
  std::size_t template_points_ = 0;
  UnstartedSessions unstarted_;
  std::unordered_map<std::string, std::shared_ptr<PushSession>> sessions_;  // by push-id
};

}  // namespace wmpush::pubpoint
