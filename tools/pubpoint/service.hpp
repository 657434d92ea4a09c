// What the connections of one server share: points and sessions, the lists that a program looks
// at, and the log. Everything but the lists belongs to the server's thread.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "pubpoint/access/access.hpp"
#include "pubpoint/access/log_limiter.hpp"
#include "pubpoint/hls/hls.hpp"
#include "pubpoint/hook/hooks.hpp"
#include "pubpoint/http/http_host.hpp"
#include "pubpoint/picture/pictures.hpp"
#include "pubpoint/pull/watching.hpp"
#include "pubpoint/registry.hpp"
#include "pubpoint/server.hpp"
#include "pubpoint/web/administration.hpp"
#include "pubpoint/web/event_stream.hpp"
#include "pubpoint/web/history.hpp"
#include "pubpoint/web/rates.hpp"

namespace wmpush::pubpoint {

class FileSlots;
class Recorder;
class Relay;
class Writer;
struct RecordingFailure;

class Service final : public HttpHost {
 public:
  /// Has a function called in the server's thread, some time; from any thread.
  using Post = std::function<void(std::function<void()>)>;

  /// `post` may be called after the service has gone, and then calls nothing.
  Service(Settings settings, Post post);
  ~Service();

  const Settings& settings() const override { return settings_; }
  Clock::time_point now() const override { return settings_.now(); }
  Registry& registry() { return registry_; }
  const Registry& registry() const { return registry_; }
  Watching& watching() { return watching_; }
  const Watching& watching() const { return watching_; }
  Pictures& pictures() { return pictures_; }
  const Pictures& pictures() const { return pictures_; }
  const Rates& rates() const { return rates_; }
  const History& history() const { return history_; }
  EventStream& events() { return events_; }
  Administration& administration() { return administration_; }
  const Users& users() const { return access_->users(); }
  Hls& hls() { return hls_; }
  const Hls& hls() const { return hls_; }
  std::chrono::system_clock::time_point started_at() const { return started_at_; }
  Clock::time_point running_since() const { return running_since_; }
  /// Whether whoever is at this address may see the numbers of the server.
  bool shows_numbers_to(const std::string& address) const {
    return settings_.access.status_from.admits(address);
  }
  /// Whether whoever is at this address may also see who watches and pushes. An empty list admits
  /// nobody: behind a proxy on this machine everybody is at a loopback address.
  bool shows_clients_to(const std::string& address) const {
    const AddressList& list = settings_.access.clients_from;
    return shows_numbers_to(address) && !list.empty() && list.admits(address);
  }

  /// Everybody may watch that point, and nobody is asked about it.
  bool is_open_to_all(const std::string& point) const {
    return access_->is_open_to_all(point) && !has_hook(Hook::Watch);
  }

  /// One line for people; control characters are made visible.
  void log(const std::string& text) const;
  void breached(const std::string& peer, const Breach& breach) override;
  /// Whether a request is let in; `peer` is what the log calls it. Lists attempts and breaches, and
  /// logs refusals, of each address and status one in a second at most.
  AccessDecision admit(const AccessRequest& request, const std::string& peer);
  /// Whether whoever is at this address may watch a point without showing anything.
  bool anybody_may_watch(const std::string& point, const std::string& address) const;
  /// Server::reload()
  std::string reload(Settings settings);
  void count_request() override;
  void count(Limit limit) override;
  void request_over(const RequestRecord& request) const override;
  void count_connection();
  void log_seldom(const std::string& key, const std::string& text) override;

  bool has_hook(Hook hook) const { return hooks_.has(hook); }
  /// Those that push on what a point receives.
  const std::vector<std::unique_ptr<Relay>>& relays() const { return relays_; }
  /// Ends what they push, in their own threads.
  void stop_relays();
  /// Ends the programs that make segments.
  void stop_hls() { hls_.stop(); }

  /// Asks a hook that there is whether `peer` may do what `facts` say, if that is still `wanted`
  /// when its turn comes; `refused` is called later, with the status of the answer, 0 when it may.
  void ask(Hook hook, HookFacts facts, const std::string& peer, std::function<bool()> wanted,
           std::function<void(int)> refused);
  /// As ask(), for a session that was set up and ends when it is refused.
  void ask_for_push(const std::shared_ptr<PushSession>& session, HookFacts facts,
                    std::function<bool()> wanted, std::function<void(int)> refused);
  /// Its PushSetup is accepted: its end will be told.
  void let_in(const PushSession& session);

  /// The first PushStart of a session: makes its recording and tells the program. False when its
  /// content has to wait for SessionConnection::go_on().
  bool session_started(const std::shared_ptr<PushSession>& session);
  /// Whether the session is to send no more for now: a file that is pushed as fast as it can be
  /// waits for the disk, so that it is recorded whole. What is live never waits.
  bool has_to_wait(const PushSession& session) const;
  /// Makes what the session has counted visible to other threads.
  void publish(const PushSession& session);
  /// Ends and forgets the session, and tells the program once its recording is finished.
  /// `ends_stream`: viewers are told the end, as if the encoder had.
  void end_session(const std::shared_ptr<PushSession>& session, std::string because,
                   bool ends_stream = false);
  /// The same, and ends the connection that the session comes on, with `status`.
  void cut_off(const std::shared_ptr<PushSession>& session, int status, const std::string& because,
               bool ends_stream = false);
  /// Ends the sessions that have run out of time, with their connections (S08), and writes what the
  /// others have recorded: called every second, it bounds what is lost when the process is killed.
  void check_timers();
  /// Ends the sessions of a point, or of all when it is empty, with their connections (S10).
  void disconnect(const std::string& point, int status, const std::string& because);

  /// There is a directory for recordings.
  bool may_record() const { return writer_ != nullptr; }
  bool is_recording(const PushSession& session) const { return recorders_.contains(session.id()); }
  /// Begins a recording in the middle of a push, with the header and the next key frame. False:
  /// it is recorded already, or has nothing to record, or there is no directory.
  bool start_recording(const std::shared_ptr<PushSession>& session);
  /// Finishes the recording of a push that goes on. False: there is none.
  bool stop_recording(const std::shared_ptr<PushSession>& session);

  LimitCounts limits_met() const;

  /// Somebody begins to watch, with what Watching::answer() said.
  void join(ClientSocket::Released socket, Watching::Reply reply);

  /// Calls `done` once, when no recording is left to be finished: at once when there is none.
  void when_recorded(std::function<void()> done);
  /// The same, when the hooks have been told everything.
  void when_told(std::function<void()> done) { hooks_.when_told(std::move(done)); }
  /// Reports what was not finished within `limit` as it is.
  void abandon_recordings(std::chrono::milliseconds limit);

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
  /// `required`: the push is ended when it cannot be recorded.
  std::unique_ptr<Recorder> make_recorder(const std::shared_ptr<PushSession>& session,
                                          bool required);
  void recording_ready(const std::shared_ptr<PushSession>& session);
  /// `session`: null when it has gone.
  void recording_failed(const std::shared_ptr<PushSession>& session,
                        const RecordingFailure& failure, bool required);
  /// All files of one of its recorders are.
  void recording_finished(const std::string& push_id);
  /// Does nothing where there is no such hook.
  void tell(Hook hook, const std::string& point, HookFacts facts);
  void tell_of_end(const PushSession& session);
  /// Adds a push that begins or has ended to the history of its point.
  void remember(const PushSession& session);
  /// Sends those who keep a page open what it shows now, when it is time.
  void send_events();
  /// Its recordings are finished: tells the end of a session that is over.
  void settle(const std::string& push_id);
  void ended(const PushSession& session);

  Settings settings_;
  Registry registry_;
  std::unique_ptr<Access> access_;  // another one after each reload()
  LogLimiter log_limiter_;
  const Post post_;
  std::vector<std::unique_ptr<Relay>> relays_;
  Hooks hooks_;
  Hls hls_;
  std::set<std::string> let_in_;  // pushes whose end is to be told, by push-id
  Pictures pictures_;
  Watching watching_;
  Rates rates_;
  History history_;
  EventStream events_;
  Administration administration_;
  std::uint64_t samples_sent_ = 0;  // of the history, to those who hear events
  const std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
  const Clock::time_point running_since_;
  const std::shared_ptr<FileSlots> record_files_;
  std::unique_ptr<Writer> writer_;              // when recordings are made
  std::map<std::string, Recorder*> recorders_;  // of running sessions, which own them, by push-id
  std::map<std::string, std::size_t>
      unfinished_;  // recorders that have come to their end, likewise
  // Sessions that are over, and wait for their recordings, by push-id.
  std::map<std::string, std::shared_ptr<PushSession>> finishing_;
  std::function<void()> when_recorded_;
  std::uint64_t skips_told_ = 0;  // of viewers

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
  LimitCounts limits_met_;
};

}  // namespace wmpush::pubpoint
