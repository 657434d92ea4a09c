// The library's options as FFmpeg sees them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/log.h>
}

#include <cstdint>
#include <vector>

#include "wmpush/wmpush.h"

namespace wmpush::preload {

/// The class whose options are those of wmpush_option_at(), in FFmpeg's types.
const AVClass* option_class();

/// libavformat's class of format contexts with option_class() as one more child: this makes
/// `-auto_destroy 1` an option that a program knows.
const AVClass* with_option_class(const AVClass* format_class);

/// Options taken from a dictionary. Owns the texts that get() borrows.
class Options {
 public:
  Options();
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// Takes what is ours out of `dictionary`, which may be nullptr. Also `rw_timeout`, in us: no
  /// timeout is longer than that. Returns 0 or an AVERROR, with the reason in av_log.
  int take_from(AVDictionary** dictionary);

  const wmpush_options& get() const { return options_; }

 private:
  union Slot {
    const AVClass* option_class;
    int flag;
    std::int64_t number;
    char* text;
  };

  int set(std::size_t index);
  void limit_timeouts(std::int64_t longest);

  /// What libavutil reads and writes: the class, then a value for each option.
  std::vector<Slot> object_;
  wmpush_options options_;
};

}  // namespace wmpush::preload
