// Answers those who want to watch: which point, whether there is something on air, who may still
// come in.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pubpoint/hls/hls.hpp"
#include "pubpoint/origin/origin.hpp"
#include "pubpoint/picture/key_frame.hpp"
#include "pubpoint/point/air_state.hpp"
#include "pubpoint/point/broadcast.hpp"
#include "pubpoint/point/fallback.hpp"
#include "pubpoint/pull/audience.hpp"
#include "pubpoint/pull/client_ids.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/pull/viewer_counts.hpp"
#include "pubpoint/registry.hpp"
#include "pubpoint/server.hpp"
#include "pubpoint/web/history.hpp"
#include "pubpoint/web/rates.hpp"
#include "pubpoint/web/totals.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread.
class Watching {
 public:
  /// `post` runs something in the server's thread. `over` is called there when a viewer has gone,
  /// `limit_met` with a line for people where somebody may not come in, and `log` with one that is
  /// not said too often.
  Watching(const Settings& settings, Registry& registry, const Hls& hls,
           std::function<void(std::function<void()>)> post,
           std::function<void(const ViewerRecord&)> over,
           std::function<void(Limit, const std::string&)> limit_met,
           std::function<void(const std::string&)> log);
  ~Watching();

  /// Starts the threads of the viewers. Throws std::system_error when the system has none.
  void prepare() { audience(); }
  /// The settings have changed: how far viewers may be behind, those who watch already as well.
  void change_limits();
  /// How often viewers were too slow, of all that ever came.
  std::uint64_t skips() const;

  /// What is on air at a point, for who pushes to it.
  std::shared_ptr<Broadcast> broadcast(const std::string& point);

  /// What a picture of a point is made of; null: nothing was ever on air there, or no pictures are
  /// made.
  const KeyFrame* key_frame(const std::string& point) const;

  /// What is on air there comes from another server: nobody can push to it.
  bool has_origin(const std::string& point) const;

  /// Something is shown there as soon as somebody wants to watch, without a push.
  bool begins_when_asked(const std::string& point) const {
    return has_origin(point) || settings_.fallback != nullptr;
  }

  /// The point that a path is of, itself or with an extension; empty when there is none.
  std::string point_of(const std::string& path) const;

  /// Whether answer() would make a viewer of who asks, now or once a push has begun.
  bool is_to_watch(const PullRequest& request) const;

  struct Reply {
    enum class What {
      Say,   ///< `text`, and then close, unless `keep`
      Wait,  ///< for a push: call `broadcast`'s when_live()
      Join   ///< hand the socket over: join()
    };
    What what = What::Say;
    std::string text;
    bool keep = false;
    std::shared_ptr<Broadcast> awaited;
    Viewer::Wishes wishes;
    std::shared_ptr<ViewerRecord> record;
  };
  /// `waited`: the time for a push to begin is over.
  Reply answer(const PullRequest& request, const std::string& peer, const std::string& line,
               bool waited);
  void join(ClientSocket::Released socket, Reply reply);

  /// Ends streams that nobody goes on with, and forgets points that are not there any more.
  void check_timers(Clock::time_point now);
  /// Shows what is due of the fallback, where somebody watches and nobody pushes.
  void advance_fallbacks(Clock::time_point now);
  /// Ends a stream that nobody pushes any more, and that viewers wait with. False: there is none.
  bool end_stream(const std::string& point);
  void close_viewer(std::uint64_t number, const std::string& because);
  void stop();

  std::vector<std::shared_ptr<const ViewerRecord>> viewers() const;

  /// What there is to know of a point that was pushed to, or watched.
  struct PointState {
    std::shared_ptr<const Broadcast> broadcast;  ///< null: nothing was ever on air there
    ViewerCounts viewers;
    std::optional<OriginNumbers> origin;  ///< where it has one
    AirState state = AirState::Off;
  };
  /// Of these, by name; of one that nobody pushed to or watched there is nothing.
  std::map<std::string, PointState> points(const std::vector<std::string>& names) const;
  /// Of all.
  Totals totals() const;
  /// Tells `rates` how much has come in at each point, and `history` how each point is.
  void measure(Rates& rates, History& history, Clock::time_point now) const;

 private:
  struct Point {
    std::shared_ptr<Broadcast> broadcast;
    std::shared_ptr<KeyFrame> key_frame;  // where pictures are made
    ViewerCounts viewers;                 // bytes and skips: of those that have gone
    std::unique_ptr<Fallback> fallback;   // where there is one
    std::unique_ptr<Origin> origin;       // the same
  };
  struct Place {
    std::string point;
    std::string alias;  ///< ".asf", ".asx", ".m3u", or nothing
  };
  Audience& audience();
  void add_origin(const OriginSettings& settings,
                  const std::function<void(const std::string&)>& log);
  AirState state_of(const std::string& name, const Point& point) const;
  std::optional<Place> find(const std::string& path) const;
  /// Whether what is asked for is a file that names the stream, and not the stream.
  static bool is_announcement(const PullRequest& request, const Place& place);
  Reply say(const char* status, const char* type = "", const std::string& body = {},
            bool head_only = false) const;
  Reply answer_stream(const PullRequest& request, const Place& place, const std::string& peer,
                      const std::string& line, bool waited);

  const Settings& settings_;
  Registry& registry_;
  const Hls& hls_;
  const std::function<void(std::function<void()>)> post_;
  const std::function<void(const ViewerRecord&)> over_;
  const std::function<void(Limit, const std::string&)> limit_met_;
  std::unique_ptr<ClientThread> origins_;  // the thread of those that there are
  std::map<std::string, Point> points_;
  std::map<std::uint64_t, std::shared_ptr<ViewerRecord>> viewers_;
  ClientIds client_ids_;
  std::uint64_t joined_ = 0;
  std::uint64_t skips_ = 0;  // of the viewers that have gone
  std::unique_ptr<Audience> audience_;
};

}  // namespace wmpush::pubpoint
