// What a broadcast is made of: entries, each a header and its packets, and an end.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "asf/header.hpp"
#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// A data packet as viewers get it: shared by all of them, and never changed.
struct Packet {
  std::vector<std::byte> stripped;  ///< without padding, for a $D
  std::vector<std::byte> whole;     ///< with it, as a file has it
  bool starts = false;          ///< a key frame begins in it; without a video stream: any object
  std::uint32_t frames = 0;     ///< of the first video stream, that begin in it
  std::uint32_t send_time = 0;  ///< ms, modulo 2^32
};

/// The header of an entry.
struct EntryHeader {
  /// Header Object and the first 50 bytes of the Data Object, as those of a broadcast.
  std::vector<std::byte> bytes;
  asf::Header parsed;
  bool has_video = false;
  std::uint8_t video = 0;  ///< number of the first video stream; 0: there is none

  /// Null when it is not what a $H has to be.
  static std::shared_ptr<const EntryHeader> parse(Bytes bytes);
  /// Stream Properties and packet size are the same: who plays the one can play the other on.
  bool continues(const EntryHeader& before) const;
};

/// One step of a broadcast. Exactly one of the three is set.
struct Item {
  std::shared_ptr<const Packet> packet;
  std::shared_ptr<const EntryHeader>
      header;                    ///< an entry begins that the last one does not go on in
  std::uint32_t end_reason = 0;  ///< the stream is over, where the others are null

  bool is_end() const { return !packet && !header; }
  std::size_t size() const { return packet ? packet->whole.size() : 0; }
};

}  // namespace wmpush::pubpoint
