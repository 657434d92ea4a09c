// The body of one PushStart: how much of its length is left, and what is known of its answer.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>

#include "wmhttp/frame_log.hpp"
#include "wmhttp/send_queue.hpp"

namespace wmpush::wmhttp {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = std::chrono::microseconds;

/// Length-Remaining of a PushStart when no proxy is known: the largest 31-bit number (3.1.4.2.1).
inline constexpr std::int64_t kDirectContentLength = 2147483647;
/// Through a proxy a PushStart is to last about this long (3.1.4.2.1).
inline constexpr std::chrono::seconds kProxiedDuration{60};

/// What an ASF header means for the lengths of the protocol.
struct StreamShape {
  std::size_t packet_size = 0;  ///< fixed size of the data packets, 1 to 65535
  std::uint32_t bitrate = 0;    ///< bit/s of all streams; 0 = unknown
};

/// What the Content-Length of a PushStart follows from.
struct LengthRule {
  std::int64_t configured = 0;        ///< by the program; 0: by the protocol's rule
  bool proxied = false;               ///< a proxy is known
  std::int64_t measured_bitrate = 0;  ///< bit/s that went out; 0: unknown
};

/// The Content-Length of the next PushStart (3.1.4.2.1): never less than a header, three packets,
/// or a frame that waits needs.
std::int64_t push_start_length(const LengthRule& rule, const StreamShape& shape,
                               const FrameLog& log);

/// Made anew with each PushStart.
class PushStart {
 public:
  /// How it relates to what was before.
  struct Place {
    bool repeats = false;  ///< it may begin with frames that were written before
    bool resumes = false;  ///< it goes on with a session that was set up on another connection
  };

  PushStart() = default;
  PushStart(std::int64_t length, Place place, Time now)
      : place_(place), length_(length), left_(length), since_(now) {}

  bool has_room_for(const LoggedFrame& frame) const;
  /// Lends the frame to `queue`.
  void write(const LoggedFrame& frame, SendQueue& queue);
  /// Uses up exactly what is left, by $F (3.1.4.3).
  void fill(SendQueue& queue);

  /// Its answer is here: a success. That may be before the length is used up.
  void accept(bool keep_alive) {
    accepted_ = true;
    keep_alive_ = keep_alive;
  }
  bool accepted() const { return accepted_; }
  /// And the server keeps the connection.
  bool kept_alive() const { return accepted_ && keep_alive_; }

  bool repeats() const { return place_.repeats; }
  bool resumes() const { return place_.resumes; }
  /// A frame of the stream was written.
  bool has_content() const { return has_content_; }
  Time since() const { return since_; }
  /// bit/s until now; 0 when it has not lasted for long enough to tell.
  std::int64_t bitrate(Time now) const;

 private:
  Place place_;
  std::int64_t length_ = 0;
  std::int64_t left_ = 0;
  Time since_{};
  bool has_content_ = false;
  bool accepted_ = false;
  bool keep_alive_ = false;
};

}  // namespace wmpush::wmhttp
