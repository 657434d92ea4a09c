// What is said to FFmpeg's program, and what its complaints mean.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/hls/hls_settings.hpp"

namespace wmpush::pubpoint {

/// The command that reads ASF from its standard input and writes fragmented MP4 to its standard
/// output, each fragment from a key frame on; without video each of the segments' length.
std::vector<std::string> packager_command(const HlsSettings& settings, HlsMode mode,
                                          bool has_video);

/// Reads what the program says on its standard error, and finds what has a remedy.
class Complaints {
 public:
  explicit Complaints(HlsMode mode) : mode_(mode) {}

  /// What comes next. True: what it writes is of no use, and it is to be ended.
  bool take(std::string_view text);
  /// The line that says most, with what to do about it where that is known; empty when it has said
  /// nothing.
  std::string told() const;

 private:
  bool take_line();

  HlsMode mode_;
  std::string line_;  // which has not ended
  std::string last_;
  std::string telling_;  // with its remedy
};

}  // namespace wmpush::pubpoint
