// What a pusher must know of an ASF header, and the repairs that make libavformat's header fit for
// a live push. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asf/guid.hpp"
#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::asf {

/// One Stream Properties Object (ASF 3.3).
struct Stream {
  std::uint8_t number = 0;  ///< 1 to 127
  Guid type{};              ///< kAudioMedia, kVideoMedia, ...
  std::uint32_t bitrate =
      0;  ///< bit/s from Stream Bitrate Properties, or WAVEFORMATEX; 0 = unknown
  std::uint32_t average_bytes_per_second = 0;  ///< audio only (WAVEFORMATEX)
};

/// The fields of a header that someone here reads. Times as in the file: play and send duration in
/// 100 ns, preroll in ms.
struct Header {
  Guid file_id{};
  std::uint64_t file_size = 0;
  std::uint64_t packet_count = 0;
  std::uint64_t play_duration = 0;
  std::uint64_t send_duration = 0;
  std::uint64_t preroll = 0;
  std::uint32_t flags = 0;  ///< kBroadcast, kSeekable
  std::uint32_t packet_size = 0;
  std::uint32_t max_bitrate = 0;
  std::vector<Stream> streams;
  bool has_stream_bitrates = false;
  // Where things are, counted from the start of the Header Object; 0 = there is none.
  std::size_t file_properties = 0;
  std::size_t data_object = 0;

  static constexpr std::uint32_t kBroadcast = 1;
  static constexpr std::uint32_t kSeekable = 2;

  bool broadcast() const { return (flags & kBroadcast) != 0; }
};

/// Reads a Header Object with or without the head of the Data Object behind it. Objects are found
/// by their sizes, not by their count, which libavformat gets wrong when there are chapters.
/// NS_E_INVALID_DATA when an object leaves its parent or File Properties is missing.
Error parse_header(Bytes bytes, Header& header);

/// The repairs, each on its own switch (ASF 3.2, 3.3, 3.12).
struct HeaderFixup {
  bool file_id = true;      ///< a File ID that is constant, or ends in zeros, becomes `fresh_id`
  bool live_flags = true;   ///< broadcast, not seekable
  bool max_bitrate = true;  ///< replaces 0 and 0xFFFFFFFF
  bool stream_bitrates = true;  ///< adds a Stream Bitrate Properties Object where there is none
  bool audio_rate = true;       ///< fills in average bytes per second of 0
  Guid fresh_id{};              ///< random, from the caller: nothing here makes random numbers
  std::uint32_t configured_bitrate = 0;  ///< bit/s of the whole, used where the header has none

  /// The header (with the 50 bytes of the Data Object) made fit. Bytes that need no repair go out
  /// unchanged. NS_E_INVALID_DATA when it cannot be parsed.
  Error apply(Bytes header, std::vector<std::byte>& fixed) const;
};

}  // namespace wmpush::asf
