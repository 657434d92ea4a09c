/* The AVIO adapter from the inside: what the preload object needs besides wmpush/avio.h.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WMPUSH_CAPI_AVIO_PUSH_H
#define WMPUSH_CAPI_AVIO_PUSH_H

#include "wmpush/avio.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a context is waiting in. Only to be asked from the thread that works with the context, which
 * an interrupt callback does. */
typedef enum wmpush_avio_activity {
  WMPUSH_AVIO_IDLE,
  WMPUSH_AVIO_WRITING, /* one call of the muxer's write */
  WMPUSH_AVIO_ENDING   /* the close: EndSession */
} wmpush_avio_activity;

/* `*since`: when that began, on av_gettime_relative's clock (CLOCK_MONOTONIC), us. */
wmpush_avio_activity wmpush_avio_activity_of(const AVIOContext* pb, int64_t* since);

/* wmpush_avio_open() and wmpush_avio_closep(), which also say why: they fill the whole of `*error`,
 * whatever it held, and `error->result` is S_OK after a success. */
WMPUSH_NODISCARD int wmpush_avio_open_explained(AVIOContext** pb, const char* url,
                                                const wmpush_options* options,
                                                const AVIOInterruptCB* int_cb, wmpush_error* error);
int wmpush_avio_close_explained(AVIOContext** pb, wmpush_error* error);

/* Ends the session and keeps the context: what is written behind it is an error, and the close
 * returns the same. */
int wmpush_avio_end_explained(AVIOContext* pb, wmpush_error* error);

#ifdef __cplusplus
}
#endif

#endif
