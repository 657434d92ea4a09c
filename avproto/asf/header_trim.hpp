// Makes an ASF header smaller that a receiver would not take.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::asf {

/// The largest header that is looked at, in bytes: what libavformat's muxer may hold back.
inline constexpr std::size_t kMaxInputHeader = std::size_t{4} << 20;

/// Something that is not in the trimmed header any more.
struct LeftOut {
  std::string name;      ///< "WM/Picture", "Marker Object"; UTF-8
  std::size_t size = 0;  ///< bytes that it had
};

/// Takes the Padding Objects (ASF 3.26) out of a header that parse_header() takes, and then, as
/// long as it has more than `largest` bytes, what is lost least by: pictures, and then other
/// metadata and objects that describe and do not define, in either group the smallest that is
/// enough, or else the largest first. `left_out` lists all but the padding. What defines the
/// streams always stays: the header may still be too large then. A header that needs nothing of
/// this stays as it is.
///
/// NS_E_INVALID_DATA when it cannot be parsed.
Error trim_header(std::vector<std::byte>& header, std::size_t largest,
                  std::vector<LeftOut>& left_out);

/// "WM/Picture (100123 bytes), Marker Object (3000 bytes)": at most ten, and how many more.
std::string text_of(const std::vector<LeftOut>& left_out);

}  // namespace wmpush::asf
