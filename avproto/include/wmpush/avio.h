/* wmpush: an AVIOContext that pushes, for programs that mux with libavformat.
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 *     AVFormatContext *mux;
 *     avformat_alloc_output_context2(&mux, NULL, "asf", NULL);
 *     if ((ret = wmpush_avio_open(&mux->pb, "wmpush://server/live", NULL, NULL)) < 0)
 *       return ret;
 *     mux->flags |= AVFMT_FLAG_CUSTOM_IO;
 *     ... avformat_write_header, av_interleaved_write_frame, av_write_trailer ...
 *     ret = wmpush_avio_closep(&mux->pb);     // EndSession: 0 only when the end was really taken
 */
#ifndef WMPUSH_AVIO_H
#define WMPUSH_AVIO_H

#include "wmpush.h"

#ifdef __cplusplus
extern "C" { /* FFmpeg's headers do not say so themselves */
#endif

#include <libavformat/avio.h>

/** Opens a session and sets `*pb` to a context that writes into it: 4 MiB buffer, not seekable.
 *  `options` may be NULL, and so may `int_cb`, which is asked besides the options' own interrupt
 *  callback. Returns 0 or an AVERROR, with `*pb` NULL and the reason in av_log. AVERROR(EINVAL)
 *  when `pb` or `url` is NULL, or the size of the options was not set. */
WMPUSH_NODISCARD WMPUSH_API int wmpush_avio_open(AVIOContext** pb, const char* url,
                                                 const wmpush_options* options,
                                                 const AVIOInterruptCB* int_cb);

/** Flushes, ends the session, frees the context and sets `*pb` to NULL. 0 only when everything was
 *  delivered and the end-of-stream taken; else an AVERROR. When the muxer never finished (no
 * trailer was written), the server is told that the stream broke off, and the result is an error.
 * `pb` and `*pb` may be NULL: nothing is done then. Must be called for a context of
 * wmpush_avio_open() only; the real avio_close() must not. */
WMPUSH_API int wmpush_avio_closep(AVIOContext** pb);

/** 1 when `pb` was made by wmpush_avio_open() and is still open. */
WMPUSH_API int wmpush_avio_is_open(const AVIOContext* pb);

/** The session behind the context, for statistics and the last error. Owned by the context. NULL
 *  when the context is none of wmpush_avio_open(). */
WMPUSH_API wmpush_session* wmpush_avio_session(const AVIOContext* pb);

/** The AVERROR for an error of the library, with the errno and the HTTP status where there is one.
 *  0 for a success, AVERROR(EINVAL) for NULL. */
WMPUSH_API int wmpush_averror(const wmpush_error* error);

#ifdef __cplusplus
}
#endif

#endif
