// What versions of ffmpeg do differently, as far as the tests meet it: all of it is here.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::test {

class FfmpegVersion {
 public:
  /// Of the ffmpeg that `program` is or starts; it is run once, with -version.
  static const FfmpegVersion& of(const std::string& program);

  /// Major version of its libavformat: 58 is FFmpeg 4, 59 is 5, and so on to 63, which is 9.
  int libavformat() const { return libavformat_; }

  /// -stats_period came with 4.4; before, a line of progress came every half second.
  bool takes_stats_period() const { return libavformat_ >= 59; }

  /// Since 7.0 outputs are written by threads of their own, and the progress goes on being printed
  /// while one of them stalls.
  bool prints_while_stalled() const { return libavformat_ >= 61; }

  /// A tee with an output whose format is unknown fails by itself since 9.0, and says why; before,
  /// it left that output out, and ffmpeg exited with 0.
  bool fails_when_a_tee_leaves_out_an_output() const { return libavformat_ >= 63; }

  /// The exit status after a failure with this AVERROR: 1 for all of them in old versions,
  /// since 7.0 the low byte of the error.
  int exit_status(int averror) const { return libavformat_ >= 61 ? averror & 0xFF : 1; }

 private:
  int libavformat_ = 0;
};

}  // namespace wmpush::test
