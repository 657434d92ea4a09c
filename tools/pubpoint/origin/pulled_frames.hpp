// The frames of a stream as a player gets them (MS-WMSP 2.2.3), for who plays.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

struct PulledFrame {
  enum class What {
    Header,  ///< $H, whole: Header Object and the first 50 bytes of the Data Object
    Packet,  ///< $D: a data packet, without padding at its end
    End      ///< $E with a Reason other than 1
  };
  What what{};
  std::uint32_t reason = 0;  ///< of the end
  Bytes payload;             ///< valid until the next call of the reader
};

/// Takes the body of a response in pieces of any size. Frames that a player has no use for here
/// ($M, $P, $C, and the $E between two entries) are left out.
class PulledFrameReader {
 public:
  static constexpr std::size_t kMostHeader = std::size_t{1} << 20;  ///< bytes of a header

  enum class Status {
    NeedMore,  ///< the input is used up
    Frame,     ///< `frame` is set
    Broken     ///< no frames of this protocol: fault() says why; no further call is of use
  };
  Status next(Bytes& input, PulledFrame& frame);
  /// A part of a line.
  const std::string& fault() const { return fault_; }

 private:
  Status take(Bytes frame, PulledFrame& taken);
  Status take_header(Bytes frame, PulledFrame& taken);
  Status fail(std::string why);

  std::vector<std::byte> kept_;    // of a frame that is not whole yet, or of the one given out
  bool given_ = false;             // kept_ was given out
  std::vector<std::byte> header_;  // its pieces so far
  bool header_given_ = false;
  std::string fault_;
};

}  // namespace wmpush::pubpoint
