// One push session: what its frames mean, what they count, when it has been silent for too long.
// No sockets, no clock of its own.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pubpoint/push/recent_packets.hpp"
#include "pubpoint/push/request_rules.hpp"
#include "pubpoint/running_time.hpp"
#include "pubpoint/server.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::pubpoint {

/// Where the content of a session goes.
class StreamConsumer {
 public:
  virtual ~StreamConsumer() = default;
  /// Header Object and the first 50 bytes of the Data Object: the first entry, or a further one.
  virtual void on_header(Bytes header) = 0;
  virtual void on_packet(Bytes packet) = 0;
  /// The session is over. Notes in the report what became of the content; when that will be known
  /// only later, by PushSession::settle(), it sets `running` again.
  virtual void on_end(SessionReport& report) = 0;
};

/// The connection that a session's requests come on.
class SessionConnection {
 public:
  virtual ~SessionConnection() = default;
  /// Requests may still come on it.
  virtual bool is_open() const = 0;
  /// Takes what has arrived and was not read yet: whether the client has gone shows only then.
  virtual void read_now() = 0;
  /// Another connection goes on with the session: reads what is left here, and closes.
  virtual void hand_over() = 0;
  /// The session `push_id` was ended from outside. If the last request here was its own: answers
  /// with `status` when a PushStart is being read (0: without an answer), and closes. Behind a
  /// proxy that shares its connections it may have been another's.
  virtual void session_ended(const std::string& push_id, int status) = 0;
  /// The content of the session, which had to wait, can be taken now.
  virtual void go_on(const std::string& push_id) = 0;
};

class PushSession {
 public:
  PushSession(std::string id, std::string point, Clock::time_point now);

  const std::string& id() const { return report_.push_id; }
  const std::string& point() const { return report_.point; }
  const SessionReport& report() const { return report_; }
  /// The connection was lost, and another may go on with the session (S09).
  bool waits_for_resume() const { return waits_for_resume_; }
  /// Inside a PushStart, with its connection alive.
  bool receiving() const { return report_.receiving; }
  /// Nothing has come for so long that its connection may well be dead without showing it.
  bool silent(Clock::time_point now) const;
  /// Has pushed more than the time that has passed since it began: no live stream does that.
  bool ahead(Clock::time_point now) const;
  /// Has content, or is about to: it keeps others from its publishing point.
  bool holds_point() const { return report_.push_starts > 0 && !over_; }
  bool over() const { return over_; }
  /// When its first PushStart came.
  Clock::time_point started() const { return started_; }

  /// More entries in a minute are a breach.
  void set_entry_limit(std::size_t per_minute) { entries_per_minute_ = per_minute; }
  void add_consumer(std::unique_ptr<StreamConsumer> consumer) {
    consumers_.push_back(std::move(consumer));
  }
  void set_connection(std::weak_ptr<SessionConnection> connection) {
    connection_ = std::move(connection);
  }
  /// Takes a consumer away while the push goes on, without its on_end(); null when it is not there.
  std::unique_ptr<StreamConsumer> remove_consumer(const StreamConsumer* consumer);
  /// Of the entry that runs, as on_header() has it; empty before the first.
  Bytes header() const { return header_; }
  std::shared_ptr<SessionConnection> connection() const { return connection_.lock(); }

  /// A PushSetup was granted.
  void set_up(const PushRequest& request, std::string peer, Clock::time_point now);
  /// A PushStart begins.
  void start(const PushRequest& request, std::string peer, Clock::time_point now);

  enum class Step {
    NeedMore,      ///< the input is used up
    Frame,         ///< `frame` was taken in
    LengthUsedUp,  ///< the request is complete; the input begins with the next one
    Breach         ///< breach() says which rule
  };
  /// Takes bytes of the PushStart body from the front of `input`.
  Step next(Bytes& input, wmhttp::Frame& frame, Clock::time_point now);
  const Breach& breach() const { return refusal_.breach; }
  /// The breach, and its answer: 400, or 503 where a limit was met.
  const Refusal& refusal() const { return refusal_; }
  /// The $E that ends the stream was taken.
  bool end_of_stream() const { return report_.end_of_stream; }

  /// The connection was lost inside a PushStart: what there is of a frame is dropped, and the
  /// session waits to be resumed (S09).
  void connection_lost();

  /// Why the session has run out of time, if it has (S08).
  struct Expiry {
    int status;  ///< 408 inside a PushStart, else 0
    std::string because;
  };
  std::optional<Expiry> expired(Clock::time_point now, std::chrono::milliseconds idle,
                                std::chrono::milliseconds inactivity) const;

  /// The session is over; `because` is one line. Only the first call counts. `ends_stream`: the
  /// stream is over as well, though the encoder has not said so.
  void end(std::string because, bool ends_stream = false);
  /// Files that were finished, and why the content is not in them as a whole; empty: it is.
  void add_recordings(const std::vector<std::filesystem::path>& files,
                      const std::string& recording_error);
  /// The session is over, and files of it are still to be finished.
  void await_recordings() { report_.running = true; }
  /// They are: the report is final.
  void settle() { report_.running = false; }
  /// The content is not recorded whole; `why` is one line.
  void note_recording_error(std::string why) { report_.recording_error = std::move(why); }

 private:
  Step fail(std::string rule, std::string text);
  Step fail(const std::string& sentence);
  /// Whether the content of a frame is what its id says; otherwise refusal_ is set.
  bool take_header(const wmhttp::Frame& frame, Clock::time_point now);
  bool take_packet(const wmhttp::Frame& frame);

  SessionReport report_;
  std::vector<std::unique_ptr<StreamConsumer>> consumers_;
  std::vector<std::byte> header_;
  std::weak_ptr<SessionConnection> connection_;
  wmhttp::FrameReader reader_;
  wmhttp::FrameOrder order_;
  Refusal refusal_;
  std::size_t entries_per_minute_ = 0;  // 0: any number
  std::size_t entries_this_minute_ = 0;
  Clock::time_point minute_{};
  bool over_ = false;
  bool waits_for_resume_ = false;
  RecentPackets recent_;
  std::uint64_t remaining_ = 0;                // of the Content-Length
  std::chrono::milliseconds media_before_{0};  // of the entries before this one
  std::optional<RunningTime> send_time_;       // since the first packet of this entry
  std::uint32_t packet_size_ = 0;              // of the current entry
  Clock::time_point started_;                  // first PushStart
  Clock::time_point last_content_;             // $H, $C or $D, or the head of the PushStart
  Clock::time_point last_request_;             // end of the last request
};

}  // namespace wmpush::pubpoint
