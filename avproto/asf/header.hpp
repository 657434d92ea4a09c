// What a pusher must know of an ASF header, and the repairs that make libavformat's header fit for
// a live push.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "asf/guid.hpp"
#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::asf {

/// GUID, size, File ID, packet count and the two reserved bytes of a Data Object (ASF 5.1). A push
/// header is the Header Object followed by these.
inline constexpr std::size_t kDataObjectHeadSize = 50;

/// GUID, size, object count and the two reserved bytes of a Header Object (ASF 3.1).
inline constexpr std::size_t kHeaderObjectHeadSize = 30;

/// GUID, size, two reserved fields and the data size of a Header Extension Object (ASF 3.4).
inline constexpr std::size_t kHeaderExtensionHeadSize = 46;

/// The largest data packet that a $D carries, in bytes.
inline constexpr std::uint32_t kMaxPacketSize = 65535;

/// The largest header, with the head of the Data Object, that a $H carries, in bytes.
inline constexpr std::size_t kMaxHeaderSize = 65531;

/// One Stream Properties Object (ASF 3.3).
struct Stream {
  std::uint8_t number = 0;  ///< 1 to 127
  Guid type{};              ///< kAudioMedia, kVideoMedia, ...
  /// bit/s from Stream Bitrate Properties, Extended Stream Properties or WAVEFORMATEX, the first
  /// that knows; 0 = unknown
  std::uint32_t bitrate = 0;
  std::uint32_t average_bytes_per_second = 0;  ///< audio only (WAVEFORMATEX)
  std::uint16_t format_tag = 0;                ///< audio only
  std::uint16_t channels = 0;                  ///< audio only
  std::uint32_t sample_rate = 0;               ///< audio only, Hz
  std::uint16_t block_align = 0;               ///< audio only, bytes
  std::uint32_t width = 0;                     ///< video only, pixels
  std::uint32_t height = 0;                    ///< video only, pixels
  /// Where the type-specific data (WAVEFORMATEX, picture size) is; 0 = too short to be read.
  std::size_t type_data = 0;
  bool in_bitrates = false;  ///< has a record in the Stream Bitrate Properties Object
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
  std::uint32_t flags = 0;        ///< kBroadcast, kSeekable
  std::uint32_t packet_size = 0;  ///< bytes, 1 to kMaxPacketSize
  std::uint32_t max_bitrate = 0;
  std::vector<Stream> streams;
  bool has_stream_bitrates = false;
  std::uint32_t object_count = 0;      ///< how many objects there are in the Header Object
  std::uint32_t declared_objects = 0;  ///< how many it says there are
  // Where things are, counted from the start of the Header Object; 0 = there is none.
  std::size_t header_size = 0;  ///< end of the Header Object
  std::size_t file_properties = 0;
  std::size_t stream_bitrates = 0;
  std::size_t data_object = 0;

  static constexpr std::uint32_t kBroadcast = 1;
  static constexpr std::uint32_t kSeekable = 2;

  bool broadcast() const { return (flags & kBroadcast) != 0; }
};

/// Reads a Header Object with or without the head of the Data Object behind it. Objects are found
/// by their sizes, not by their count, which libavformat gets wrong when there are chapters.
/// NS_E_INVALID_DATA when an object leaves its parent, when File Properties is missing, or when
/// the packet size is not fixed or not one that a $D can carry.
Error parse_header(Bytes bytes, Header& header);

/// The repairs, each on its own switch (ASF 3.2, 3.3, 3.12).
struct HeaderFixup {
  /// A File ID that is constant or ends in zero becomes `fresh_id`; the Data Object's is made
  /// equal.
  bool file_id = true;
  bool live_flags = true;  ///< broadcast, not seekable
  /// Replaces what is not known (0xFFFFFFFF, less than 100 bit/s) or below what is known: the sum
  /// of the streams, and size by duration of a file.
  bool max_bitrate = true;
  /// Adds a Stream Bitrate Properties Object where there is none, and to an existing one the
  /// streams that it lacks or gives less than 100 bit/s. Records that are there stay, but for a
  /// `configured_bitrate`, to which they then add up.
  bool stream_bitrates = true;
  bool audio_rate = true;    ///< fills in average bytes per second of 0
  bool object_count = true;  ///< makes the count of the objects right
  /// Random, from the caller: nothing here makes random numbers. Not constant.
  Guid fresh_id{};
  std::uint32_t configured_bitrate = 0;  ///< bit/s of the whole; it wins. 0 = not configured
  /// Bit rates are not added where the header would become larger than this: 65531 for a $H, 65527
  /// for a $C.
  std::size_t largest = kMaxHeaderSize;

  /// The header (with the 50 bytes of the Data Object) made fit. Bytes that need no repair go out
  /// unchanged. NS_E_INVALID_DATA when it cannot be parsed, E_INVALIDARG when a File ID is needed
  /// and `fresh_id` is constant.
  Error apply(Bytes header, std::vector<std::byte>& fixed) const;
};

}  // namespace wmpush::asf
