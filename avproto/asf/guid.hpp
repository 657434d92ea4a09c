// The GUIDs of the ASF objects that a pusher reads or writes, in file order (ASF 1.20.3, section
// 10). SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "core/bytes.hpp"

namespace wmpush::asf {

using Guid = std::array<std::byte, 16>;

/// From the usual notation: guid(0x75B22630, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C). The first
/// three groups are little-endian in a file, the last two are in order.
constexpr Guid guid(std::uint32_t a, std::uint16_t b, std::uint16_t c, std::uint16_t d,
                    std::uint64_t e) {
  Guid g{};
  for (unsigned i = 0; i < 4; ++i) g[i] = static_cast<std::byte>(a >> (8 * i) & 0xFF);
  for (unsigned i = 0; i < 2; ++i) g[4 + i] = static_cast<std::byte>(b >> (8 * i) & 0xFF);
  for (unsigned i = 0; i < 2; ++i) g[6 + i] = static_cast<std::byte>(c >> (8 * i) & 0xFF);
  for (unsigned i = 0; i < 2; ++i) g[8 + i] = static_cast<std::byte>(d >> (8 * (1 - i)) & 0xFF);
  for (unsigned i = 0; i < 6; ++i) g[10 + i] = static_cast<std::byte>(e >> (8 * (5 - i)) & 0xFF);
  return g;
}

inline constexpr Guid kHeaderObject = guid(0x75B22630, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C);
inline constexpr Guid kFileProperties = guid(0x8CABDCA1, 0xA947, 0x11CF, 0x8EE4, 0x00C00C205365);
inline constexpr Guid kStreamProperties = guid(0xB7DC0791, 0xA9B7, 0x11CF, 0x8EE6, 0x00C00C205365);
inline constexpr Guid kCodecList = guid(0x86D15240, 0x311D, 0x11D0, 0xA3A4, 0x00A0C90348F6);
inline constexpr Guid kHeaderExtension = guid(0x5FBF03B5, 0xA92E, 0x11CF, 0x8EE3, 0x00C00C205365);
inline constexpr Guid kStreamBitrateProperties =
    guid(0x7BF875CE, 0x468D, 0x11D1, 0x8D82, 0x006097C9A2B2);
inline constexpr Guid kExtendedStreamProperties =
    guid(0x14E6A5CB, 0xC672, 0x4332, 0x8399, 0xA96952065B5A);
inline constexpr Guid kDataObject = guid(0x75B22636, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C);
inline constexpr Guid kSimpleIndex = guid(0x33000890, 0xE5B1, 0x11CF, 0x89F4, 0x00A0C90349CB);
inline constexpr Guid kIndex = guid(0xD6E229D3, 0x35DA, 0x11D1, 0x9034, 0x00A0C90349BE);
inline constexpr Guid kMediaObjectIndex = guid(0xFEB103F8, 0x12AD, 0x4C64, 0x840F, 0x2A1D2F7AD48C);
inline constexpr Guid kTimecodeIndex = guid(0x3CB73FD0, 0x0C4A, 0x4803, 0x953D, 0xEDF7B6228F0C);

inline constexpr Guid kAudioMedia = guid(0xF8699E40, 0x5B4D, 0x11CF, 0xA8FD, 0x00805F5C442B);
inline constexpr Guid kVideoMedia = guid(0xBC19EFC0, 0x5B4D, 0x11CF, 0xA8FD, 0x00805F5C442B);

/// The GUID at the start of `bytes`, which has at least 16.
inline Guid guid_at(Bytes bytes) {
  Guid g;
  std::copy_n(bytes.begin(), g.size(), g.begin());
  return g;
}

}  // namespace wmpush::asf
