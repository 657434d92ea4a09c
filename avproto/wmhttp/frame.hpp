// The frames inside a PushStart body (MS-WMHTTP 2.2.3).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::wmhttp {

enum class FrameId : std::uint8_t {
  Header = 'H',        ///< $H: the ASF header, once, first
  Data = 'D',          ///< $D: one data packet
  End = 'E',           ///< $E: end of the stream or of a playlist entry, with a Reason
  StreamChange = 'C',  ///< $C: the ASF header of the next playlist entry
  Filler = 'F'         ///< $F: zeros that use up the Content-Length
};

inline constexpr std::byte kFrameMark{0x24};  ///< '$', with the B bit clear: always so in push
inline constexpr std::size_t kMaxPacketLength = 65535;         ///< what PacketLength can say
inline constexpr std::size_t kMaxHeaderPayload = 65531;        ///< $H (2.2.3.6)
inline constexpr std::size_t kMaxStreamChangePayload = 65527;  ///< $C (2.2.3.2)
inline constexpr std::size_t kCommonPayload =
    8192;  ///< of a $H or $D: more is not taken everywhere
inline constexpr std::size_t kMaxFillerPayload = 65531;  ///< $F (2.2.3.5)

inline constexpr std::uint32_t kReasonEnd = 0;        ///< S_OK: nothing follows
inline constexpr std::uint32_t kReasonNextEntry = 1;  ///< S_FALSE: a $C follows

/// $C and $E have a 32-bit Reason that PacketLength counts; the others do not (2.2.3.1.1).
constexpr bool has_reason(FrameId id) { return id == FrameId::End || id == FrameId::StreamChange; }

/// Bytes in front of the payload: 4, or 8 with a Reason.
constexpr std::size_t frame_head_size(FrameId id) { return has_reason(id) ? 8 : 4; }

/// Writes the bytes in front of a payload of `payload` bytes and returns how many there are. The
/// payload must be within the limit of its frame.
std::size_t write_frame_head(FrameId id, std::size_t payload, std::uint32_t reason,
                             MutableBytes to);

/// A frame as it was read.
struct Frame {
  FrameId id{};
  std::uint32_t reason = 0;
  Bytes payload;  ///< valid until the next call of the reader, and no longer than its input
};

/// Takes a PushStart body in pieces of any size and gives its frames. For receivers.
class FrameReader {
 public:
  enum class Status {
    NeedMore,  ///< the input is used up
    Frame,     ///< `frame` is set
    Breach     ///< not a frame of this protocol: breach() says why; no further call is of use
  };
  Status next(Bytes& input, Frame& frame);

  /// One sentence, beginning with the id of the rule: "F01: ...".
  const std::string& breach() const { return breach_; }
  /// Bytes of a frame that has begun and is not complete.
  std::size_t pending() const { return buffer_.size() - given_; }

 private:
  Status fail(std::string breach);
  /// Size of the frame at the front of `bytes`; 0 when there is too little to tell, or, with
  /// breach_ set, when it is none.
  std::size_t size_of_first(Bytes bytes);

  std::vector<std::byte> buffer_;
  std::size_t given_ = 0;  // size of the frame that the last call handed out of buffer_
  std::string breach_;
};

/// The order in which frames may come in a session (MS-WMHTTP 4.6.1, 4.7.1). It goes on over the
/// PushStarts of one session.
class FrameOrder {
 public:
  /// Empty when the frame may come now; else one sentence that begins with the id of the rule.
  std::string accept(FrameId id, std::uint32_t reason);
  bool ended() const { return place_ == Place::Ended; }

 private:
  enum class Place { Start, Entry, BetweenEntries, Ended };
  Place place_ = Place::Start;
};

}  // namespace wmpush::wmhttp
