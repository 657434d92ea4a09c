// Which publishing points browsers can watch, and what that may take.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

enum class HlsMode {
  Off,
  Copy,      ///< what is pushed is H.264 and AAC, without B-frames, and stays as it is
  Transcode  ///< it becomes H.264 and AAC, whatever it is
};

/// "off", "copy" or "transcode"; nothing when it is none of them.
std::optional<HlsMode> hls_mode(std::string_view text);

struct HlsPointSettings {
  std::string point{};  ///< "/live"
  HlsMode mode = HlsMode::Off;

  bool operator==(const HlsPointSettings&) const = default;
};

/// Of all points.
struct HlsSettings {
  std::string program = "ffmpeg";  ///< a path, or a name that is looked for in the PATH
  std::chrono::milliseconds segment_time{2000};  ///< of a segment, at least; it ends at a key frame
  std::size_t segments = 6;                      ///< in a playlist
  std::chrono::milliseconds idle_time{60'000};   ///< without a request the program is ended
  std::chrono::milliseconds first_wait{8000};    ///< that a request waits for the first segment
  std::chrono::milliseconds stall_time{30'000};  ///< a program that is given packets for so long
                                                 ///< without writing a segment is ended
  std::chrono::milliseconds finish_time{5000};  ///< for its last segments, when its input has ended
  /// The wait before it is started again when it has failed, and the longest: each is twice as long
  /// as the one before.
  std::chrono::milliseconds first_delay{1000};
  std::chrono::milliseconds longest_delay{60'000};
  std::size_t programs = 4;                    ///< points with a program at the same time
  std::size_t queue = std::size_t{8} << 20;    ///< bytes that may wait for a program
  std::size_t memory = std::size_t{64} << 20;  ///< bytes of a point's segments

  bool operator==(const HlsSettings&) const = default;
};

}  // namespace wmpush::pubpoint
