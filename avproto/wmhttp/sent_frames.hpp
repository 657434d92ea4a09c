// The frames of a connection that may have to be sent again, or may be lost.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/bytes.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::wmhttp {

/// A server answers the head of a PushStart at once, so that its challenge or refusal comes while
/// the first bytes of the body are on their way. After so many the body is taken to be wanted.
inline constexpr std::size_t kMaxReplay = 256 * 1024;

/// The same after a loss of the connection, when nobody knows whether the session is still wanted,
/// and the answer has to come over a network that has just failed.
inline constexpr std::size_t kMaxRefusable = 8 * 1024 * 1024;

/// Bytes of frames that the peer's kernel has not acknowledged and that are kept all the same:
/// several times what a kernel takes without one.
inline constexpr std::size_t kMaxUnacknowledged = 16 * 1024 * 1024;

/// What is known about the bytes that went out on a connection.
struct Delivery {
  /// The peer's kernel has not confirmed so many of them.
  std::size_t unacknowledged = 0;
  /// Of the others the program behind that kernel has left so many unread, at the most.
  std::size_t unread = std::numeric_limits<std::size_t>::max();
  /// And at the least, as far as that can be told.
  std::size_t surely_unread = 0;
};

/// A frame that is to be sent. Payloads are lent.
struct PendingFrame {
  FrameId id{};
  std::uint32_t reason = 0;
  Bytes head;
  Bytes rest;
  std::size_t payload() const { return head.size() + rest.size(); }
  std::size_t size() const { return frame_head_size(id) + payload(); }
};

/// Frames in the order in which they were sent on one connection, each with its end: how many bytes
/// of the connection it is over at. $F is not among them, since it carries nothing.
class SentFrames {
 public:
  /// `until_acknowledged`: a frame is kept until the peer's kernel has it; otherwise only the
  /// beginning of a PushStart is kept.
  explicit SentFrames(bool until_acknowledged) : until_acknowledged_(until_acknowledged) {}

  /// A PushStart of `length` bytes begins behind `offset` bytes of the connection. Its first
  /// `limit` bytes are kept, however well they arrived.
  void begin(std::uint64_t offset, std::size_t limit, std::size_t length);
  /// Adds a copy of a frame that ends at `end`.
  void add(const PendingFrame& frame, std::uint64_t end);
  /// The peer's kernel has taken everything in front of `offset`, of which the program there has
  /// left `unread` bytes at the most. What need not be kept any more is dropped.
  void acknowledge(std::uint64_t offset, std::size_t unread);

  /// All frames of the PushStart are still here.
  bool whole() const { return whole_; }
  /// Where the PushStart began.
  std::uint64_t beginning() const { return beginning_; }
  /// It has grown enough since acknowledge() for that to be worth a call.
  bool wants_acknowledgement() const {
    return until_acknowledged_ && bytes_.size() - first_byte_ >= next_look_;
  }
  /// Packets that may not have been read when `offset` bytes were taken by the peer's kernel, and
  /// that are not here to be sent again.
  std::uint64_t at_risk(std::uint64_t offset, std::size_t unread) const noexcept;

  bool empty() const { return first_ == records_.size(); }
  /// Bytes that they take on the wire, at the most.
  std::size_t size() const {
    return bytes_.size() - first_byte_ + (records_.size() - first_) * kLargestHead;
  }
  /// The largest frame, in bytes on the wire; 0 without one.
  std::size_t largest() const;
  std::uint64_t packets() const noexcept { return packets_behind(0); }
  /// Those that end behind the first `offset` bytes of the connection.
  std::uint64_t packets_behind(std::uint64_t offset) const noexcept;
  /// Its payload is valid until the next add() or clear().
  PendingFrame front() const;
  std::uint64_t front_end() const { return records_[first_].end; }
  void pop_front();
  /// There were frames, and all were taken from the front.
  bool spent() const { return empty() && !records_.empty(); }
  /// Drops the frames that end within the first `offset` bytes.
  void skip_to(std::uint64_t offset);
  /// Takes the frames of `others` behind its own. Their payload stays valid.
  void take_over(SentFrames& others);
  /// Another connection begins; nothing of this one need be sent again.
  void clear();

  /// The ASF header that is in force in front of the first frame; empty when there was none yet.
  const std::vector<std::byte>& header() const { return header_; }
  void set_header(std::vector<std::byte> header) { header_ = std::move(header); }

 private:
  struct Record {
    std::uint64_t end;
    std::uint32_t reason;
    std::uint32_t payload;
    FrameId id;
  };
  void push(const PendingFrame& frame, std::uint64_t end);
  void drop_front();
  void trim();

  bool until_acknowledged_;
  bool whole_ = false;
  std::size_t limit_ = 0;
  std::uint64_t beginning_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t unread_from_ = 0;  // everything in front of it was read
  std::size_t next_look_ = kLookEvery;
  // Queues in vectors: what is in front of first_ and first_byte_ is gone.
  std::vector<Record> records_;
  std::size_t first_ = 0;
  std::vector<std::byte> bytes_;
  std::size_t first_byte_ = 0;
  std::vector<std::byte> header_;
  std::vector<std::uint64_t> dropped_;  // ends of packets that are here no more
  std::size_t first_dropped_ = 0;

  static constexpr std::size_t kLookEvery = 64 * 1024;
  static constexpr std::size_t kLargestHead = frame_head_size(FrameId::End);
};

}  // namespace wmpush::wmhttp
