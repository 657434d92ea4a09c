// The libavformat that a call into the preload object was meant for.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libavutil/opt.h>
#include <libavutil/time.h>
}

namespace wmpush::preload {

// What is interposed, and what the adapter and the preload object need themselves.
// clang-format off
#define WMPUSH_INTERPOSED(apply)        \
  apply(avio_open)                      \
  apply(avio_open2)                     \
  apply(avio_close)                     \
  apply(avio_closep)                    \
  apply(avio_find_protocol_name)        \
  apply(avio_enum_protocols)            \
  apply(avio_protocol_get_class)        \
  apply(avformat_alloc_context)         \
  apply(avformat_alloc_output_context2) \
  apply(avformat_get_class)             \
  apply(av_write_trailer)               \
  apply(av_guess_format)

#define WMPUSH_USED(apply)    \
  apply(avformat_version)     \
  apply(avio_alloc_context)   \
  apply(avio_context_free)    \
  apply(avio_flush)           \
  apply(av_default_item_name) \
  apply(av_dict_get)          \
  apply(av_dict_set)          \
  apply(av_free)              \
  apply(av_freep)             \
  apply(av_gettime_relative)  \
  apply(av_log_get_level)     \
  apply(av_malloc)            \
  apply(av_mallocz)           \
  apply(av_match_list)        \
  apply(av_opt_free)          \
  apply(av_opt_set)           \
  apply(av_opt_set_defaults)  \
  apply(av_vlog)
// clang-format on

/// The real functions of one copy of libavformat. The preload object itself is linked with none:
/// it may be loaded into a program that has no libavformat, loads it later, or loads it out of
/// sight of other libraries, as Python's modules do.
struct Libavformat {
#define WMPUSH_MEMBER(function) decltype(&::function) function = nullptr;
  WMPUSH_INTERPOSED(WMPUSH_MEMBER)
  WMPUSH_USED(WMPUSH_MEMBER)
#undef WMPUSH_MEMBER

  const void* base = nullptr;  ///< where it is loaded
  unsigned major = 0;

  /// The copy whose function a call from `return_address` would have reached without us. It is
  /// loaded until the process ends, whatever the program closes. Takes no memory.
  static const Libavformat& of_caller(const void* return_address) noexcept;

  /// The one copy that pushes are made for: the first that called and has the version that this
  /// object was built for. nullptr before that.
  static const Libavformat* served();

  /// True when `url` is ours and this copy is the one served. Says in one sentence why not when the
  /// URL is ours and nothing can be done with it.
  bool serves(const char* url) const;
  bool is_served() const { return served() == this; }
};

}  // namespace wmpush::preload
