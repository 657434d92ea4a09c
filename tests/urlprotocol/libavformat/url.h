/* What libwmpush.c uses of libavformat/url.h, which FFmpeg does not install: the members have the
 * names and types that they have there.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef WMPUSH_TESTS_URL_H
#define WMPUSH_TESTS_URL_H

#include <libavformat/avformat.h>
#include <libavutil/version.h>

#define URL_PROTOCOL_FLAG_NETWORK 2

typedef struct URLContext {
  const AVClass* av_class;
  const struct URLProtocol* prot;
  void* priv_data;
  char* filename;
  int flags;
  int max_packet_size;
  int is_streamed;
  int is_connected;
  AVIOInterruptCB interrupt_callback;
  int64_t rw_timeout;
} URLContext;

typedef struct URLProtocol {
  const char* name;
  int (*url_open)(URLContext* h, const char* url, int flags);
  int (*url_write)(URLContext* h, const unsigned char* buf, int size);
  int (*url_close)(URLContext* h);
  int priv_data_size;
  int flags;
  const AVClass* priv_data_class;
} URLProtocol;

int ff_check_interrupt(AVIOInterruptCB* cb);

extern const URLProtocol ff_libwmpush_protocol;

#endif
