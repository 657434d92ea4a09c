// What is on air at a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pubpoint/point/timeline.hpp"
#include "pubpoint/push/push_session.hpp"

namespace wmpush::pubpoint {

/// Someone who gets the items of a broadcast, in order.
class ItemSink {
 public:
  virtual ~ItemSink() = default;
  virtual void take(const Item& item) = 0;
};

/// What was pushed to a point so far, whoever pushed it.
struct Intake {
  std::uint64_t pushes = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;   ///< of headers and packets
  std::uint64_t frames = 0;  ///< of the first video stream, of what viewers get
};

/// Takes pushes one after the other and makes one stream of them. It outlives each push.
class Broadcast {
 public:
  explicit Broadcast(std::vector<std::shared_ptr<ItemSink>> sinks) : sinks_(std::move(sinks)) {}

  void on_header(Bytes header, Clock::time_point now);
  void on_packet(Bytes packet, Clock::time_point now);
  /// The pusher has ended the stream.
  void end(std::uint32_t reason);
  /// The pusher has gone; another one may go on.
  void lose(Clock::time_point now);
  /// Ends a stream that nobody has gone on with for `patience`, and forgets who waits no more.
  void check_timer(Clock::time_point now, std::chrono::milliseconds patience);

  /// A push feeds it.
  bool has_pusher() const { return has_pusher_; }
  void set_pusher(bool there) {
    has_pusher_ = there;
    if (there) ++pushed_entries_;
  }
  /// A part of a push came.
  void note_pushed(std::size_t bytes, bool is_packet) {
    intake_.bytes += bytes;
    intake_.packets += is_packet ? 1 : 0;
  }
  void note_push() { ++intake_.pushes; }
  const Intake& intake() const { return intake_; }
  /// When the last key frame came; nothing when there is none on air.
  std::optional<Clock::time_point> last_key_frame() const {
    return live_ ? last_key_frame_ : std::nullopt;
  }
  /// How many entries were pushed so far.
  std::uint64_t pushed_entries() const { return pushed_entries_; }
  /// Something else is shown where a push ends: that is not the end for viewers.
  void set_endless(bool endless) { endless_ = endless; }

  /// There is a header that viewers can begin with.
  bool is_live() const { return live_; }
  const std::shared_ptr<const EntryHeader>& header() const { return timeline_.header(); }

  /// Calls `ready` once, as soon as the broadcast is live, if `who` is still there.
  void when_live(std::weak_ptr<const void> who, std::function<void()> ready) {
    waiting_.push_back({std::move(who), std::move(ready)});
  }
  bool is_awaited() const { return !waiting_.empty(); }

 private:
  void pass_on(const Item& item);

  std::vector<std::shared_ptr<ItemSink>> sinks_;
  Timeline timeline_;
  bool live_ = false;
  bool lost_ = false;
  bool has_pusher_ = false;
  std::uint64_t pushed_entries_ = 0;
  bool endless_ = false;
  Intake intake_;
  std::optional<Clock::time_point> last_key_frame_;
  Clock::time_point last_packet_{};
  struct Waiting {
    std::weak_ptr<const void> who;
    std::function<void()> ready;
  };
  std::vector<Waiting> waiting_;
};

/// Has what a session pushes counted, and forgets it.
class DiscardingFeed : public StreamConsumer {
 public:
  explicit DiscardingFeed(std::shared_ptr<Broadcast> broadcast)
      : broadcast_(std::move(broadcast)) {}

  void on_header(Bytes header) override {
    if (!std::exchange(begun_, true)) broadcast_->note_push();
    broadcast_->note_pushed(header.size(), false);
    broadcast_->set_pusher(true);
  }
  void on_packet(Bytes packet) override { broadcast_->note_pushed(packet.size(), true); }
  void on_end(SessionReport&) override { broadcast_->set_pusher(false); }

 private:
  std::shared_ptr<Broadcast> broadcast_;
  bool begun_ = false;
};

/// Hands what a session pushes to a broadcast.
class BroadcastFeed : public StreamConsumer {
 public:
  BroadcastFeed(std::shared_ptr<Broadcast> broadcast, std::function<Clock::time_point()> now)
      : broadcast_(std::move(broadcast)), now_(std::move(now)) {}

  void on_header(Bytes header) override {
    if (!std::exchange(begun_, true)) broadcast_->note_push();
    broadcast_->note_pushed(header.size(), false);
    broadcast_->set_pusher(true);
    broadcast_->on_header(header, now_());
  }
  void on_packet(Bytes packet) override {
    broadcast_->note_pushed(packet.size(), true);
    broadcast_->on_packet(packet, now_());
  }
  void on_end(SessionReport& report) override;

 private:
  std::shared_ptr<Broadcast> broadcast_;
  std::function<Clock::time_point()> now_;
  bool begun_ = false;
};

}  // namespace wmpush::pubpoint
