// A publishing point that browsers can watch.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/client/retry_delay.hpp"
#include "pubpoint/clock.hpp"
#include "pubpoint/hls/backlog.hpp"
#include "pubpoint/hls/hls_numbers.hpp"
#include "pubpoint/hls/hls_settings.hpp"
#include "pubpoint/hls/playlist.hpp"
#include "pubpoint/point/broadcast.hpp"

namespace boost::asio {
class io_context;
}

namespace wmpush::pubpoint {

class Packager;

/// Belongs to the server's thread. Takes what is on air, and has a program make segments of it for
/// as long as somebody asks for them.
class HlsPoint final : public ItemSink, public std::enable_shared_from_this<HlsPoint> {
 public:
  struct Surroundings {
    boost::asio::io_context& thread;  ///< of the packagers
    /// Runs something in the server's thread; from any thread.
    std::function<void(std::function<void()>)> post;
    std::function<Clock::time_point()> now;
    /// A line for people, and what kind of a line it is.
    std::function<void(const std::string& kind, const std::string&)> log;
    /// Whether one more point may have a program; each true needs a call of the other.
    std::function<bool()> take_slot;
    std::function<void()> give_slot;
  };
  HlsPoint(HlsPointSettings settings, HlsSettings all, Surroundings around);

  void take(const Item& item) override;

  enum class Answer {
    Playlist,  ///< there is one
    Wait,      ///< there will be: when_changed()
    Off,       ///< nothing is on air
    Full,      ///< too many points have a program already
    Failed     ///< the program has failed, and is tried again later
  };
  /// Somebody asks for the playlist, and wants it to go on. `waited`: a short one will do.
  Answer ask(bool waited);
  /// Calls `what` once, when ask() may answer something else, if `who` is still there.
  void when_changed(std::weak_ptr<const void> who, std::function<void()> what) {
    waiting_.push_back({std::move(who), std::move(what)});
  }
  const Playlist& playlist() const { return playlist_; }

  /// Whether that viewer has asked for the playlist lately.
  bool knows(const std::string& viewer) const { return viewers_.contains(viewer); }
  /// One more has asked; false when there would be more than `most`. Past that an address that has
  /// more than half of all, `owner`, makes room for others.
  bool count(const std::string& viewer, const std::string& owner, std::size_t most);

  /// Somebody has asked lately.
  bool is_wanted() const;
  /// Looks at all that depends on time; called every second or so.
  void check_timers();
  /// Ends what runs, for good.
  void stop();

  HlsNumbers numbers() const;
  const HlsPointSettings& settings() const { return settings_; }

 private:
  /// A program, from its start until all that it has written is in the playlist. They are
  /// published in the order in which they have begun.
  struct Run {
    std::shared_ptr<Packager> packager;
    std::string name;
    SharedText init;
    bool is_listed = false;  // the playlist has its init
    std::deque<std::pair<SharedText, std::chrono::microseconds>> segments;  // not listed yet
    bool over = false;
    Clock::time_point since{};
    std::optional<Clock::time_point> finish_by;
    // A program that is given packets and writes nothing hangs.
    std::optional<Clock::time_point> first_unanswered;
    Clock::time_point last_given{};
  };

  /// False: too many points have a program. True: one runs, or will soon.
  bool begin();
  bool make_room(const std::string& owner, std::size_t most);
  bool is_long_enough() const;
  void end_current();
  void give(const std::shared_ptr<const Packet>& packet);
  void run_over(Run& run, const std::string& why);
  void publish();
  void drop_runs();
  void wake();
  void in_thread(const std::shared_ptr<Packager>& packager, std::function<void(Packager&)> what);

  const HlsPointSettings settings_;
  const HlsSettings all_;
  const Surroundings around_;
  Playlist playlist_;
  Backlog backlog_;
  std::shared_ptr<const EntryHeader> header_;  // of what is on air; null: nothing is
  std::deque<std::shared_ptr<Run>> runs_;
  std::shared_ptr<Run> current_;  // of these, the one that gets what comes; null: none
  bool has_slot_ = false;
  bool stream_ended_ = false;  // and the playlist has still to say so
  bool stopped_ = false;
  std::optional<Clock::time_point> asked_;  // the last time; nothing: nobody does any more
  Clock::time_point ended_at_{};
  Clock::time_point retry_at_{};
  RetryDelay delay_;
  HlsNumbers numbers_;
  struct Viewer {
    std::string owner;  // of its address
    Clock::time_point asked{};
  };
  std::map<std::string, Viewer> viewers_;  // by who they are
  struct Waiting {
    std::weak_ptr<const void> who;
    std::function<void()> what;
  };
  std::vector<Waiting> waiting_;
};

}  // namespace wmpush::pubpoint
