// The frames of a stream, from when the program hands them in until nobody can want them any more.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
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

/// Bytes of frames after which it is worth asking how much of them the peer's kernel has.
inline constexpr std::size_t kLookEvery = 64 * 1024;

/// What is known about the bytes that went out on a connection.
struct Delivery {
  /// The peer's kernel has not confirmed so many of them.
  std::size_t unacknowledged = 0;
  /// Of the others the program behind that kernel has left so many unread, at the most.
  std::size_t unread = std::numeric_limits<std::size_t>::max();
  /// And at the least, as far as that can be told.
  std::size_t surely_unread = 0;
};

/// A frame of the log.
struct LoggedFrame {
  FrameId id{};
  std::uint32_t reason = 0;
  bool again = false;  ///< it was written before, on a connection that was lost
  Bytes wire;          ///< head and payload; stays where it is until the log drops the frame

  std::size_t size() const { return wire.size(); }
  Bytes payload() const { return wire.subspan(frame_head_size(id)); }
  /// $E with a Reason other than 1.
  bool ends_stream() const { return id == FrameId::End && reason != kReasonNextEntry; }
};

/// Bytes in blocks that stay where they are until nothing of them is used any more.
class BlockStore {
 public:
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
    std::size_t used = 0;
    std::size_t frames = 0;  // that lie in it
  };

  /// Sees to it that frames of `size` bytes in all need no memory.
  void make_room(std::size_t size);
  /// Room for a frame of `size` bytes, in the block that is returned.
  MutableBytes take(std::size_t size, Block*& block);
  /// A frame in `block` is gone.
  void give_back(Block* block) noexcept;

 private:
  std::vector<std::unique_ptr<Block>> blocks_;  // the last one is being filled
  std::unique_ptr<Block> spare_;                // so that a stream that runs takes no memory
};

/// Packets of a connection that the peer's kernel has and that are kept no more, until the program
/// there has read them.
class UnreadPackets {
 public:
  /// So many are told apart. Of more, neighbours count as one that ends where the last of them
  /// does.
  static constexpr std::size_t kMost = 4096;

  /// One that ends at `end`: behind all others.
  void add(std::uint64_t end);
  /// Everything in front of `offset` was read.
  void read_to(std::uint64_t offset);
  std::uint64_t read() const { return read_; }
  /// Those that end behind `offset`.
  std::uint64_t behind(std::uint64_t offset) const noexcept;

 private:
  struct Group {
    std::uint64_t end;
    std::uint64_t packets;
  };
  void merge_neighbours();

  std::vector<Group> groups_;
  std::size_t first_ = 0;
  std::uint64_t read_ = 0;
};

/// Every frame of the stream once, in order: those that went out on this connection and are kept,
/// then those that are to be written. $F is not among them, since it carries nothing.
///
///     dropped | kept: written, sent, not dropped yet | written, not sent | to be written
///
/// Offsets count the bytes of the connection. When one is lost, the frames behind what has arrived
/// are to be written again: rewind().
class FrameLog {
 public:
  /// `until_acknowledged`: a frame is kept until the peer's kernel has it; otherwise until it is
  /// sent. The first frames of a PushStart are kept for longer where begin() says so.
  explicit FrameLog(bool until_acknowledged) : until_acknowledged_(until_acknowledged) {}

  /// Adds a copy of `head` and `rest` as one payload, to be written after everything else.
  void append(FrameId id, std::uint32_t reason, Bytes head, Bytes rest);

  // What is to be written.

  bool pending() const { return written_ < records_.size(); }
  /// The first frame that is to be written.
  LoggedFrame next() const { return at(written_); }
  /// It was written, and ends `end` bytes into the connection.
  void wrote(std::uint64_t end);
  /// The largest frame that is to be written, in bytes on the wire; 0 without one.
  std::size_t largest_pending() const;
  /// All frames that our kernel does not have yet, in bytes on the wire.
  std::size_t unsent_bytes() const { return unsent_; }
  /// All frames that are to be written, in bytes on the wire.
  std::size_t pending_bytes() const;
  /// A new session goes on with the stream: makes what is to be written begin with a $H, of the
  /// header that is in force there.
  void begin_with_header();

  // What has been written.

  /// A PushStart of `length` bytes begins behind `offset` bytes. Its first `limit` bytes are kept,
  /// however well they arrive.
  void begin(std::uint64_t offset, std::size_t limit, std::size_t length);
  /// The kernel on our side has taken `offset` bytes. Returns how many packets, which had not been
  /// sent before, are now sent whole.
  std::uint64_t sent(std::uint64_t offset);
  /// The peer's kernel has taken everything in front of `offset`, of which the program there has
  /// left `unread` bytes at the most.
  void acknowledge(std::uint64_t offset, std::size_t unread);
  /// It has grown enough since acknowledge() for that to be worth a call.
  bool wants_acknowledgement() const { return until_acknowledged_ && bytes_ >= here_.next_look; }
  /// Everything of this connection arrived, or nobody wants it.
  void forget_written();
  /// All frames of the PushStart are still here.
  bool whole() const { return here_.whole; }
  /// Where the PushStart began.
  std::uint64_t beginning() const { return here_.beginning; }

  // After a loss, of which `offset` bytes were taken by the peer's kernel.

  /// The connection is gone: the frames behind `offset` are to be written again. Returns the
  /// packets in front of it that may not have been read.
  std::uint64_t rewind(std::uint64_t offset, std::size_t unread);
  /// All packets that may never arrive when nothing is sent any more.
  std::uint64_t at_risk(std::uint64_t offset, std::size_t unread) const noexcept;
  /// Drops everything.
  void clear() noexcept;

  /// There was an ASF header.
  bool has_header() const { return newest_header_size_ > 0; }
  /// Size of the payload of the newest one.
  std::size_t header_size() const { return newest_header_size_; }

 private:
  struct Record {
    std::uint64_t end;  // once it is written
    std::byte* wire;
    BlockStore::Block* block;
    std::uint32_t size;
    std::uint32_t reason;
    FrameId id;
    bool again;
    bool counted;  // among those that sent() has returned
  };

  Record make(FrameId id, std::uint32_t reason, Bytes head, Bytes rest);
  LoggedFrame at(std::size_t index) const;
  bool is_packet(std::size_t index) const { return records_[index].id == FrameId::Data; }
  std::uint64_t unread_packets(std::uint64_t offset, std::size_t unread) const noexcept;
  void trim();
  void drop_front();
  void pop_front();
  void compact();
  void make_room();

  /// What is known of the connection. Another one begins with another.
  struct Connection {
    bool whole = false;
    std::size_t limit = 0;
    std::uint64_t beginning = 0;
    std::uint64_t acknowledged = 0;
    std::size_t next_look = kLookEvery;
    UnreadPackets unread;
  };

  bool until_acknowledged_;
  BlockStore store_;
  std::vector<Record> records_;
  std::size_t first_ = 0;  // what is in front of it is gone
  std::size_t written_ = 0;
  std::size_t sent_ = 0;
  std::size_t bytes_ = 0;          // of all records that are here
  std::size_t unsent_ = 0;         // of those from sent_ on
  std::vector<std::byte> header_;  // in force in front of the first record
  std::size_t newest_header_size_ = 0;
  Connection here_;
};

}  // namespace wmpush::wmhttp
