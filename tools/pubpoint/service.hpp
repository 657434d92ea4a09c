// What the connections of one server share: points and sessions, faults, the lists that tests look
// at, and the log. Everything but the lists belongs to the server's thread.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pubpoint/access/access.hpp"
#include "pubpoint/access/log_limiter.hpp"
#include "pubpoint/faults.hpp"
#include "pubpoint/pull/watching.hpp"
#include "pubpoint/read_buffers.hpp"
#include "pubpoint/registry.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

class Recorder;

class Service {
 public:
  /// `post` runs something in the server's thread, later.
  Service(Settings settings, std::function<void(std::function<void()>)> post);

  const Settings& settings() const { return settings_; }
  Clock::time_point now() const { return settings_.now(); }
  Registry& registry() { return registry_; }
  Faults& faults() { return faults_; }
  Watching& watching() { return watching_; }

  /// One line for people; control characters are made visible.
  void log(const std::string& text) const;
  /// Lists and logs a breach.
  void breached(const std::string& peer, const Breach& breach);
  /// Whether a request is let in; `peer` is what the log calls it. Lists attempts and breaches, and
  /// logs refusals, of each address and status one in a second at most.
  AccessDecision admit(const AccessRequest& request, const std::string& peer);
  void count_request();
  void count_connection();
  AddressCounts& connection_counts() { return connection_counts_; }
  ReadBuffers& read_buffers() { return read_buffers_; }
  /// A line that the log has at most once a second for each key.
  void log_seldom(const std::string& key, const std::string& text);

  /// The first PushStart of a session: makes its recording and tells the program.
  void session_started(PushSession& session);
  /// Makes what the session has counted visible to other threads.
  void publish(const PushSession& session);
  /// Ends and forgets the session, and tells the program.
  void end_session(const std::shared_ptr<PushSession>& session, std::string because);
  /// Ends the sessions that have run out of time, with their connections (S08), and writes what the
  /// others have recorded: called every second, it bounds what is lost when the process is killed.
  void check_timers();
  /// Ends the sessions of a point, or of all when it is empty, with their connections (S10).
  void disconnect(const std::string& point, int status, const std::string& because);

  // From any thread:
  std::vector<Breach> breaches() const;
  std::vector<Attempt> attempts() const;
  std::vector<SessionReport> reports() const;
  std::uint64_t requests() const;
  std::uint64_t connections() const;
  bool wait_for(const std::function<bool()>& reached, std::chrono::milliseconds limit) const;

 private:
  template <typename Change>
  void change(Change what);

  const Settings settings_;
  AddressCounts connection_counts_;
  ReadBuffers read_buffers_;
  Registry registry_;
  Faults faults_;
  Access access_;
  LogLimiter log_limiter_;
  Watching watching_;
  std::map<std::string, Recorder*> recorders_;  // of running sessions, which own them, by push-id

  mutable std::mutex mutex_;  // of what follows
  mutable std::condition_variable changed_;
  std::uint64_t changes_ = 0;
  std::vector<Breach> breaches_;
  std::vector<Attempt> attempts_;
  std::map<std::uint64_t, SessionReport> reports_;  // numbered in the order of their starts
  std::deque<std::uint64_t> ended_;                 // of those, the ones that are over
  std::uint64_t started_ = 0;
  std::map<std::string, std::uint64_t> report_of_;  // running sessions by push-id
  std::uint64_t requests_ = 0;
  std::uint64_t connections_ = 0;
};

}  // namespace wmpush::pubpoint
