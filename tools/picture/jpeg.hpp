// A JPEG of the first picture in a piece of ASF.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace wmpush::picture {

/// Nothing larger than 4096 by 2304 is decoded.
inline constexpr int kMostPixels = 4096 * 2304;

struct Jpeg {
  std::vector<std::byte> bytes;  ///< empty: there is none
  std::string why;               ///< there is none; a part of a line
};

/// `asf`: a header, and packets that begin with a key frame. `width`: pixels of the JPEG, 16 to
/// 4096; its height follows from the shape of the picture, and is 4096 at most.
Jpeg make_jpeg(std::span<const std::byte> asf, int width);

}  // namespace wmpush::picture
