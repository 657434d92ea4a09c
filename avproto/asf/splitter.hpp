// Cuts a byte stream of muxed ASF into what the push protocol carries.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asf/header.hpp"
#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::asf {

/// Takes ASF in pieces of any size and in both layouts that libavformat writes: the file layout
/// ("asf") and the one with 12-byte chunk heads ("asf_stream"); a capture of what a player is sent
/// (MS-WMHTTP 2.2.3) is of the second, with $M and the short $E and $C beside. Indexes, the muxer's
/// end chunk and whatever else follows the packets are dropped. A header behind the packets of an
/// entry starts the next entry of a playlist, in either layout.
///
///     Bytes input = ...;
///     asf::Splitter::Unit unit;
///     do {
///       if (Error error = splitter.next(input, unit)) return error;
///       ... use unit.bytes ...
///     } while (unit.kind != asf::Splitter::Kind::None);
///
/// A packet that lies whole in the input is not copied, and no memory is allocated once the first
/// packet of an entry has been seen.
class Splitter {
 public:
  enum class Kind {
    None,    ///< the input is used up
    Header,  ///< Header Object and the first 50 bytes of the Data Object
    Packet,  ///< one data packet, as long as the header declares
    End      ///< the entry's packets are over: index, end chunk, or the declared size reached
  };
  struct Unit {
    Kind kind = Kind::None;
    Bytes bytes;  ///< valid until the next call, and no longer than the input
  };
  struct Limits {
    std::size_t header = 65531;  ///< bytes of a Header unit: what fits in one $H
    std::size_t packet = 65535;  ///< bytes of a data packet: what fits in one $D
  };

  Splitter() = default;
  explicit Splitter(Limits limits) : limits_(limits) {}

  /// Takes bytes from the front of `input` until there is a unit or nothing is left. Fails with
  /// NS_E_INVALID_DATA when the stream is not ASF or exceeds a limit; it then keeps failing.
  Error next(Bytes& input, Unit& unit);

  /// Call when no more input comes. NS_E_INVALID_DATA when the stream stops inside a header, a
  /// packet or a chunk head, with how much of it is missing.
  Error finish() const;

  /// The last entry's end was seen (Kind::End), and no further entry has begun since.
  bool ended() const;

  /// Fixed size of the data packets; 0 before the first header.
  std::size_t packet_size() const;

 private:
  enum class Layout {
    Unknown,
    File,    ///< objects and packets as in a file ("asf")
    Chunked  ///< each of them behind a 12-byte head ("asf_stream")
  };
  enum class Stage {
    Start,      ///< nothing has come that tells the layout
    Tag,        ///< within an ID3v2 tag before the first header
    Header,     ///< within the Header Object and the head of the Data Object (File)
    Packets,    ///< at the start of a packet or within it (File)
    ChunkHead,  ///< at the start of a chunk or within its head (Chunked)
    Chunk,      ///< within a chunk (Chunked)
    Behind,     ///< behind the packets: indexes, or the next entry (File)
    Skip,       ///< within an index (File)
    Junk        ///< behind what is no ASF any more: everything is dropped (File)
  };
  enum class Boundary { Packet, End, NextEntry, Undecided };

  /// Goes on in the stage that it names; false when there is nothing more to do in this call.
  bool start(Bytes& input);
  bool begin_tag(Bytes& input);
  bool tag(Bytes& input);
  bool file_header(Bytes& input, Unit& unit);
  bool packets(Bytes& input, Unit& unit);
  bool chunk_head(Bytes& input);
  bool chunk(Bytes& input, Unit& unit);
  bool behind(Bytes& input);
  bool skip(Bytes& input);

  bool fill_to(std::size_t size, Bytes& input);
  bool gather(std::size_t size, Bytes& input, Bytes& gathered);
  Boundary boundary(Bytes input) const;
  bool open_entry(Bytes header);
  Error header_missing() const;
  bool unfinished(Bytes& input);
  bool check_header_size(std::uint64_t size);
  void enter(Stage stage);
  bool fail(std::string message);

  Limits limits_;
  Layout layout_ = Layout::Unknown;
  Stage stage_ = Stage::Start;
  std::vector<std::byte> buffer_;  // what has come of the unit that is being put together
  bool given_ = false;             // buffer_ was handed out: it begins anew with the next call
  std::size_t packet_size_ = 0;
  std::uint64_t packets_left_ = 0;  // by the Data Object's size, where that can be relied on
  bool counted_ = false;            // packets_left_ means something
  std::uint64_t skip_left_ = 0;     // bytes of an index or a tag
  bool behind_tag_ = false;
  std::byte chunk_type_{};
  std::size_t chunk_length_ = 0;  // as the chunk head says it
  std::size_t chunk_left_ = 0;    // payload of the chunk
  bool in_entry_ = false;
  bool ended_ = false;
  Error error_;
};

}  // namespace wmpush::asf
