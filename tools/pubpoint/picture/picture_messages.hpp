// What wmpush serve and wmpush-picture say to each other, over a socket: a request and its answer,
// one after the other. Both are on one machine, and from one build.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace wmpush::pubpoint {

/// Of the ASF that follows a request, and of the JPEG that follows an answer, in bytes.
inline constexpr std::size_t kMostPictureInput = std::size_t{4} << 20;
inline constexpr std::size_t kMostPicture = std::size_t{4} << 20;
/// Of what is said where there is no JPEG.
inline constexpr std::size_t kMostPictureFault = 200;

/// Then `size` bytes of ASF: a header, and packets that begin with a key frame.
struct PictureRequest {
  std::uint32_t width;  ///< pixels
  std::uint32_t size;
};

/// Then `size` bytes: a JPEG, or why there is none.
struct PictureAnswer {
  std::uint32_t made;  ///< 1: there is a JPEG
  std::uint32_t size;
};

}  // namespace wmpush::pubpoint
