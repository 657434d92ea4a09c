// Someone who watches: a socket, and a place in a ring.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)
#include <vector>

#include "pubpoint/http/client_socket.hpp"
#include "pubpoint/http/request_record.hpp"
#include "pubpoint/point/ring.hpp"
#include "pubpoint/point/stream_gate.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// What there is to know of a viewer. The numbers may be read from any thread.
struct ViewerRecord {
  std::uint64_t number = 0;  ///< counts from 1
  std::string point;
  std::string peer;  ///< address and port
  std::string user_agent;
  std::string request;  ///< the request line
  RequestRecord asked;  ///< for the access log, but for what is known at the end
  std::uint32_t client_id = 0;
  bool framed = false;  ///< MS-WMSP; otherwise plain ASF
  Clock::time_point since{};
  std::atomic<std::uint64_t> bytes{0};    ///< sent, heads included
  std::atomic<std::uint64_t> packets{0};  ///< sent
  std::atomic<std::uint64_t> behind{0};   ///< bytes of the stream that it has still to be sent
  std::atomic<std::uint64_t> skips{0};    ///< times that it was too slow and went on at a key frame
  std::string ended_because;              ///< set before it is told of as over
};

/// Belongs to one thread. Reads from a ring at its own pace: nobody else notices one that is slow.
class Viewer : public std::enable_shared_from_this<Viewer> {
 public:
  struct Wishes {
    std::string head;            ///< of the response
    bool takes_changes = false;  ///< goes on behind a $C with another header
    PullRequest request;         ///< which streams are wanted
  };
  /// `ring` outlives it. `over` is called once.
  Viewer(ClientSocket socket, Wishes wishes, std::shared_ptr<ViewerRecord> record, const Ring& ring,
         std::function<void(Viewer&)> over);

  /// Sends the head, and then from where a viewer begins.
  void start();
  /// Sends what there is and what the socket takes.
  void pump();
  /// To be called when the ring has grown: one that is `queue` bytes behind goes on at the newest
  /// key frame, and one that has taken nothing since the last time is let go.
  void check_pace(std::size_t queue);
  /// Gives up on one that has been told the end, and does not close.
  void check_farewell(Clock::time_point now);
  /// Other streams from now on.
  void select(const PullRequest& request);
  /// The server stops: the end is told where the socket takes it.
  void dismiss();
  void close(const std::string& because);

  bool is_over() const { return over_; }
  const ViewerRecord& record() const { return *record_; }

 private:
  /// It is too far behind: what comes next is a key frame, or it is let go.
  void skip_ahead();
  void wait_for_input();
  void wait_until_writable();
  /// Puts what must go out next, and is not a packet as it is, into text_; false when nothing does.
  bool prepare_text();
  void begin_entry(const EntryHeader& header);
  void take_packet(const Packet& packet);
  void say_goodbye(std::uint32_t reason);
  void finish();
  void note_behind() { record_->behind = ring_.bytes_from(next_) + (text_.size() - text_sent_); }
  /// One send. False when nothing more can be sent now.
  bool send_some();

  ClientSocket socket_;
  Wishes wishes_;
  const std::shared_ptr<ViewerRecord> record_;
  const Ring& ring_;
  std::function<void(Viewer&)> on_over_;
  std::string text_;  // goes out before what the ring has
  std::size_t text_sent_ = 0;
  std::uint64_t next_ = 0;          // in the ring
  std::optional<StreamGate> gate_;  // while packets do not go out as they are
  bool begun_ = false;              // has its header
  bool blocked_ = false;            // the socket takes no more for now
  bool leaving_ = false;            // nothing follows text_
  bool over_ = false;
  bool took_some_ = true;  // since the last skip
  std::uint8_t sequence_ = 0;
  Clock::time_point farewell_{};
};

}  // namespace wmpush::pubpoint
