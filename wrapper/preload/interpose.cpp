// The functions of libavformat that a program calls here instead.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string>

#include "http_output.hpp"
#include "libavformat.hpp"
#include "options.hpp"
#include "protocols.hpp"
#include "push.hpp"
#include "secrets.hpp"
#include "wmpush/avio.h"

namespace wmpush::preload {
namespace {

constexpr char kDefaultFormat[] = "asf";

/// Runs `call`; the callers are in C, where an exception would end the process.
template <typename Call>
int guarded(Call call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return AVERROR(ENOMEM);
  } catch (...) {
    return AVERROR_EXTERNAL;
  }
}

/// The same for a call that returns what the program asks to see; `otherwise` when it throws.
template <typename Value, typename Call>
Value guarded_or(Value otherwise, Call call) noexcept {
  try {
    return call();
  } catch (...) {
    return otherwise;
  }
}

// What a context's io_open and io_close were: the same for every context of the one copy served.
constinit std::atomic<decltype(AVFormatContext::io_open)> real_io_open{nullptr};
int io_open(AVFormatContext* format, AVIOContext** pb, const char* url, int flags,
            AVDictionary** options) noexcept {
  if (!is_push_url(url)) return real_io_open.load()(format, pb, url, flags, options);

  const char* const protocol = push_protocol(url);
  const char* allowed = format->protocol_whitelist;
  const char* forbidden = format->protocol_blacklist;
  if ((allowed != nullptr && av_match_list(protocol, allowed, ',') <= 0) ||
      (forbidden != nullptr && av_match_list(protocol, forbidden, ',') > 0)) {
    av_log(format, AV_LOG_ERROR, "Protocol '%s' is not allowed by the protocol lists\n", protocol);
    return AVERROR(EINVAL);
  }
  return guarded([&] { return open_push(pb, url, flags, &format->interrupt_callback, options); });
}

#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(59, 10, 100)
constinit std::atomic<decltype(AVFormatContext::io_close2)> real_io_close{nullptr};
int io_close(AVFormatContext* format, AVIOContext* pb) noexcept {
  return wmpush_avio_is_open(pb) ? close_push(&pb) : real_io_close.load()(format, pb);
}
auto& io_close_of(AVFormatContext* format) { return format->io_close2; }
#else
constinit std::atomic<decltype(AVFormatContext::io_close)> real_io_close{nullptr};
void io_close(AVFormatContext* format, AVIOContext* pb) noexcept {
  if (wmpush_avio_is_open(pb))
    close_push(&pb);
  else
    real_io_close.load()(format, pb);
}
auto& io_close_of(AVFormatContext* format) { return format->io_close; }
#endif

/// Muxers that open their outputs themselves (tee, fifo, segment) do it through these callbacks.
void install_callbacks(AVFormatContext* format) {
  real_io_open = format->io_open;
  real_io_close = io_close_of(format);
  format->io_open = io_open;
  io_close_of(format) = io_close;
}

const Libavformat& real_for(const void* return_address) {
  return Libavformat::of_caller(return_address);
}

/// The state of an enumeration, when FFmpeg's own protocols are over: which of ours was told.
char told[kProtocols.size()];

}  // namespace
}  // namespace wmpush::preload

using namespace wmpush::preload;

#define REAL real_for(__builtin_return_address(0))

extern "C" {

WMPUSH_API int avio_open2(AVIOContext** pb, const char* url, int flags,
                          const AVIOInterruptCB* int_cb, AVDictionary** options) {
  const Libavformat& real = REAL;
  if (!real.serves(url)) {
    const int ret = real.avio_open2(pb, url, flags, int_cb, options);
    if (real.is_served()) guarded_or(0, [&] { return warn_of_http_output(url), 0; });
    return ret;
  }
  return guarded([&] { return open_push(pb, url, flags, int_cb, options); });
}

WMPUSH_API int avio_open(AVIOContext** pb, const char* url, int flags) {
  const Libavformat& real = REAL;
  if (!real.serves(url)) return real.avio_open(pb, url, flags);
  return guarded([&] { return open_push(pb, url, flags, nullptr, nullptr); });
}

WMPUSH_API int avio_closep(AVIOContext** pb) {
  const Libavformat& real = REAL;
  if (!real.is_served() || !wmpush_avio_is_open(*pb)) return real.avio_closep(pb);
  return close_push(pb);
}

WMPUSH_API int avio_close(AVIOContext* pb) {
  const Libavformat& real = REAL;
  if (!real.is_served() || !wmpush_avio_is_open(pb)) return real.avio_close(pb);
  return close_push(&pb);
}

WMPUSH_API AVFormatContext* avformat_alloc_context() {
  const Libavformat& real = REAL;
  AVFormatContext* format = real.avformat_alloc_context();
  if (format != nullptr && real.is_served()) install_callbacks(format);
  return format;
}

WMPUSH_API int avformat_alloc_output_context2(AVFormatContext** format,
                                              decltype(AVFormatContext::oformat) oformat,
                                              const char* format_name, const char* url) {
  const Libavformat& real = REAL;
  return guarded([&] {
    // The program prints the URL that the context keeps; it opens it through us.
    const bool ours = real.serves(url);
    const std::string shown = ours ? mask_passwords(url) : std::string();
    const char* name =
        ours && oformat == nullptr && format_name == nullptr ? kDefaultFormat : format_name;
    const int ret =
        real.avformat_alloc_output_context2(format, oformat, name, ours ? shown.c_str() : url);
    if (ret >= 0 && real.is_served()) install_callbacks(*format);
    return ret;
  });
}

WMPUSH_API const AVClass* avformat_get_class() {
  const Libavformat& real = REAL;
  const AVClass* its = real.avformat_get_class();
  if (!real.is_served()) return its;
  return guarded_or(its, [&] { return with_option_class(its); });
}

WMPUSH_API int av_write_trailer(AVFormatContext* format) {
  const Libavformat& real = REAL;
  const int ret = real.av_write_trailer(format);
  if (!real.is_served() || !wmpush_avio_is_open(format->pb)) return ret;
  // Where the trailer failed, the close says what became of the push.
  return ret < 0 ? ret : end_push(format->pb);
}

WMPUSH_API decltype(AVFormatContext::oformat) av_guess_format(const char* name, const char* url,
                                                              const char* mime_type) {
  const Libavformat& real = REAL;
  const bool ours = name == nullptr && mime_type == nullptr && is_push_url(url) && real.is_served();
  return real.av_guess_format(ours ? kDefaultFormat : name, ours ? nullptr : url, mime_type);
}

WMPUSH_API const char* avio_find_protocol_name(const char* url) {
  const Libavformat& real = REAL;
  return is_push_url(url) && real.is_served() ? push_protocol(url)
                                              : real.avio_find_protocol_name(url);
}

WMPUSH_API const char* avio_enum_protocols(void** state, int output) {
  const Libavformat& real = REAL;
  std::size_t next = 0;
  for (std::size_t i = 0; i < kProtocols.size(); ++i)
    if (*state == &told[i]) next = i + 1;
  if (next == 0) {
    const char* const name = real.avio_enum_protocols(state, output);
    if (name != nullptr || output == 0 || !real.is_served()) return name;
  }
  if (next == kProtocols.size()) {
    *state = nullptr;
    return nullptr;
  }
  *state = &told[next];
  return kProtocols[next];
}

WMPUSH_API const AVClass* avio_protocol_get_class(const char* name) {
  const Libavformat& real = REAL;
  const auto is_it = [name](const char* protocol) { return std::strcmp(protocol, name) == 0; };
  if (real.is_served() && std::ranges::any_of(kProtocols, is_it))
    return guarded_or(static_cast<const AVClass*>(nullptr), option_class);
  return real.avio_protocol_get_class(name);
}

}  // extern "C"
