// Tells why a muxer left an ASF header unfinished.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::asf {

/// What libavformat's muxer writes as the size of a Header Object until it goes back to it, which
/// it cannot when it has given up, or when the header has left its output buffer.
inline constexpr std::uint64_t kUnknownSize = ~std::uint64_t{0};

/// NS_E_INVALID_DATA for a Header Object of kUnknownSize, of which `bytes` have come. Where the
/// header ends inside of what describes one stream (Stream Properties, ASF 3.3; Codec List, 3.5),
/// the message names that stream as ffmpeg counts it, and how to encode it.
Error unfinished_header(Bytes bytes);

}  // namespace wmpush::asf
