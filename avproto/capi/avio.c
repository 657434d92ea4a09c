/* wmpush: the AVIO adapter. A libavformat muxer writes into a push session.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wmpush/avio.h"

#include <errno.h>
#include <libavformat/version.h>
#include <libavutil/error.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/time.h>
#include <libavutil/version.h>
#include <stdio.h>
#include <string.h>

#include "avio_push.h"

/* The ASF muxer corrupts a header that is larger than the buffer, without a word. */
#define BUFFER_SIZE (4 << 20)

typedef struct Push {
  const AVClass* class; /* for av_log */
  wmpush_session* session;
  char where[256];                     /* the URL without credentials and query */
  AVIOInterruptCB int_cb;              /* the program's, given to wmpush_avio_open() */
  wmpush_interrupt_callback interrupt; /* the one in the options */
  void* interrupt_opaque;
  wmpush_log_callback log;
  void* log_opaque;
  int interrupted; /* one of the two asked to stop */
  int ended;       /* the session is over, with what `error` and `failure` say */
  int error;       /* AVERROR of the first failure; nothing is sent after it */
  wmpush_error failure;
  wmpush_avio_activity activity;
  int64_t since;
} Push;

static const AVClass push_class = {
    .class_name = "wmpush",
    .item_name = av_default_item_name,
    .version = LIBAVUTIL_VERSION_INT,
};

static int http_averror(int status) {
  switch (status) {
    case 400:
      return AVERROR_HTTP_BAD_REQUEST;
    case 401:
      return AVERROR_HTTP_UNAUTHORIZED;
    case 403:
      return AVERROR_HTTP_FORBIDDEN;
    case 404:
    case 410:
      return AVERROR_HTTP_NOT_FOUND;
    default:
      return status >= 500 ? AVERROR_HTTP_SERVER_ERROR : AVERROR_HTTP_OTHER_4XX;
  }
}

static int system_averror(const wmpush_error* error, int otherwise) {
  return AVERROR(error->system_error > 0 ? error->system_error : otherwise);
}

int wmpush_averror(const wmpush_error* error) {
  if (!error) return AVERROR(EINVAL);
  if (!WMPUSH_FAILED(error->result)) return 0;

  switch (error->result) {
    case WMPUSH_E_INVALIDARG:
    case WMPUSH_NS_E_INVALID_NAME:
    case WMPUSH_NS_E_INVALID_REQUEST:
      return AVERROR(EINVAL);
    case WMPUSH_E_OUTOFMEMORY:
      return AVERROR(ENOMEM);
    case WMPUSH_NS_E_INVALID_DATA:
    case WMPUSH_NS_E_INCOMPATIBLE_PUSH_SERVER:
      return AVERROR_INVALIDDATA;
    case WMPUSH_NS_E_SHUTDOWN:
      return AVERROR_EXIT;
    case WMPUSH_NS_E_SERVER_NOT_FOUND:
      return system_averror(error, EIO);
    case WMPUSH_NS_E_PUSH_CANNOTCONNECT:
    case WMPUSH_NS_E_PROXY_NOT_FOUND:
      return system_averror(error, ETIMEDOUT);
    default:
      break;
  }
  if (error->http_status >= 400) return http_averror(error->http_status);

  switch (error->result) {
    case WMPUSH_NS_E_TIMEOUT:
      return AVERROR(ETIMEDOUT);
    case WMPUSH_NS_E_NOCONNECTION:
      return AVERROR(ENOTCONN);
    case WMPUSH_NS_E_CONNECTION_FAILURE:
      return system_averror(error, ECONNRESET);
    case WMPUSH_NS_E_SERVER_ACCESSDENIED:
      return AVERROR_HTTP_UNAUTHORIZED;
    case WMPUSH_NS_E_INVALID_PUSH_PUBLISHING_POINT:
    case WMPUSH_NS_E_INVALID_PUSH_TEMPLATE:
      return AVERROR_HTTP_NOT_FOUND;
    case WMPUSH_NS_E_PROXY_ACCESSDENIED:
    case WMPUSH_NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME:
      return AVERROR_HTTP_OTHER_4XX;
    case WMPUSH_NS_E_SERVER_UNAVAILABLE:
      return AVERROR_HTTP_SERVER_ERROR;
    default:
      return AVERROR_EXTERNAL;
  }
}

static void log_line(void* opaque, wmpush_log_level level, const char* line) {
  Push* push = opaque;

  /* A failure is reported once, by fail(). */
  if (level == WMPUSH_LOG_ERROR) return;
  if (push->log) {
    push->log(push->log_opaque, level, line);
    return;
  }
  av_log(push,
         level == WMPUSH_LOG_WARNING   ? AV_LOG_WARNING
         : level == WMPUSH_LOG_INFO    ? AV_LOG_INFO
         : level == WMPUSH_LOG_VERBOSE ? AV_LOG_VERBOSE
                                       : AV_LOG_DEBUG,
         "%s\n", line);
}

static int interrupt(void* opaque) {
  Push* push = opaque;

  if ((push->interrupt && push->interrupt(push->interrupt_opaque)) ||
      (push->int_cb.callback && push->int_cb.callback(push->int_cb.opaque)))
    push->interrupted = 1;
  return push->interrupted;
}

/* Keeps the first failure and reports it. */
static int fail(Push* push, const wmpush_error* error) {
  if (push->error) return push->error;

  push->failure = *error;
  push->error = wmpush_averror(error);
  /* AVERROR_EXIT lets ffmpeg exit with 0: not for an end that nobody asked for. */
  if (push->error == AVERROR_EXIT && !push->interrupted) push->error = AVERROR_EXTERNAL;
  av_log(push, AV_LOG_ERROR, "%s\n",
         error->message[0] ? error->message : wmpush_result_name(error->result));
  return push->error;
}

static int fail_with(Push* push, wmpush_result result, const char* message) {
  wmpush_error error = {.size = sizeof error, .result = result};

  snprintf(error.message, sizeof error.message, "%s: %s", push->where, message);
  return fail(push, &error);
}

static int fail_as_session(Push* push, wmpush_result result) {
  wmpush_error error = {.size = sizeof error};

  wmpush_last_error(push->session, &error);
  if (!WMPUSH_FAILED(error.result)) error.result = result;
  return fail(push, &error);
}

static void begin(Push* push, wmpush_avio_activity activity) {
  push->activity = activity;
  push->since = av_gettime_relative();
}

#if LIBAVFORMAT_VERSION_MAJOR >= 61
static int write_asf(void* opaque, const uint8_t* data, int size)
#else
static int write_asf(void* opaque, uint8_t* data, int size)
#endif
{
  Push* push = opaque;
  wmpush_result result;

  if (push->error) return push->error;
  if (push->ended) return AVERROR(EINVAL);
  begin(push, WMPUSH_AVIO_WRITING);
  result = wmpush_write(push->session, data, (size_t)size);
  push->activity = WMPUSH_AVIO_IDLE;
  return WMPUSH_FAILED(result) ? fail_as_session(push, result) : size;
}

static void set_where(Push* push, const char* url) {
  const char* authority = strstr(url, "://");
  const char* host = authority ? authority + 3 : url;
  const int tls = !strncmp(url, "wmpushs:", 8) || !strncmp(url, "https:", 6);
  const size_t length = strcspn(host, "/?#");
  size_t i;

  for (i = length; i > 0; i--)
    if (host[i - 1] == '@') break;
  host += i;
  snprintf(push->where, sizeof push->where, "wmpush%s://%.*s", tls ? "s" : "",
           (int)strcspn(host, "?#"), host);
}

static void free_push(Push* push) {
  wmpush_close(&push->session);
  av_free(push);
}

int wmpush_avio_open_explained(AVIOContext** pb, const char* url, const wmpush_options* options,
                               const AVIOInterruptCB* int_cb, wmpush_error* error) {
  wmpush_options own;
  unsigned char* buffer;
  Push* push;
  int ret;

  memset(error, 0, sizeof *error);
  error->size = sizeof *error;
  error->result = WMPUSH_E_INVALIDARG;
  if (!pb) return AVERROR(EINVAL);
  *pb = NULL;
  if (!url || (options && options->size < sizeof options->size)) return AVERROR(EINVAL);

  error->result = WMPUSH_E_OUTOFMEMORY;
  push = av_mallocz(sizeof *push);
  if (!push) return AVERROR(ENOMEM);

  push->class = &push_class;
  wmpush_options_init(&own);
  if (options) memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
  own.size = sizeof own;
  set_where(push, url);
  if (int_cb) push->int_cb = *int_cb;
  push->interrupt = own.interrupt;
  push->interrupt_opaque = own.interrupt_opaque;
  push->log = own.log;
  push->log_opaque = own.log_opaque;
  own.interrupt = interrupt;
  own.interrupt_opaque = push;
  own.log = log_line;
  own.log_opaque = push;

  if (WMPUSH_FAILED(wmpush_open(&push->session, url, &own, error))) {
    ret = fail(push, error);
    free_push(push);
    return ret;
  }

  buffer = av_malloc(BUFFER_SIZE);
  *pb = buffer ? avio_alloc_context(buffer, BUFFER_SIZE, 1, push, NULL, write_asf, NULL) : NULL;
  if (!*pb) {
    av_free(buffer);
    free_push(push);
    error->result = WMPUSH_E_OUTOFMEMORY;
    return AVERROR(ENOMEM);
  }
  error->result = WMPUSH_S_OK;
  return 0;
}

/* The muxer was not done: no $E that says all is well must reach the server. */
static int abandon(Push* push, const wmpush_stats* stats) {
  const wmpush_result result = wmpush_on_end_writing(push->session);

  if (push->interrupted)
    return fail_with(push, WMPUSH_NS_E_SHUTDOWN, "interrupted before the stream was finished");
  if (stats->bytes_accepted == 0)
    return fail_with(
        push, WMPUSH_E_FAIL,
        "nothing was pushed: the program stopped before it wrote anything, and says why above");

  if (WMPUSH_FAILED(result))
    fail_as_session(push, result);
  else
    fail_with(push, WMPUSH_E_FAIL,
              "the stream broke off: closed before the muxer wrote its trailer");
  /* The first failure is what counts, whatever comes of this. */
  (void)!wmpush_abort_session(push->session, push->failure.result);
  return push->error;
}

static int end(Push* push) {
  wmpush_stats stats = {.size = sizeof stats};
  wmpush_result result;

  if (push->error) return push->error;
  wmpush_get_stats(push->session, &stats);
  if (!stats.input_ended) return abandon(push, &stats);

  result = wmpush_end_session(push->session);
  return WMPUSH_FAILED(result) ? fail_as_session(push, result) : 0;
}

int wmpush_avio_end_explained(AVIOContext* pb, wmpush_error* error) {
  Push* push = pb->opaque;
  int ret = push->error;

  memset(error, 0, sizeof *error);
  error->size = sizeof *error;
  if (!push->ended) {
    avio_flush(pb);
    begin(push, WMPUSH_AVIO_ENDING);
    ret = end(push);
    push->ended = 1;
    push->activity = WMPUSH_AVIO_IDLE;
  }
  if (ret < 0) *error = push->failure;
  return ret;
}

int wmpush_avio_close_explained(AVIOContext** pb, wmpush_error* error) {
  Push* push;
  int ret;

  memset(error, 0, sizeof *error);
  error->size = sizeof *error;
  if (!pb || !*pb) return 0;

  push = (*pb)->opaque;
  ret = wmpush_avio_end_explained(*pb, error);

  av_freep(&(*pb)->buffer);
  avio_context_free(pb);
  free_push(push);
  return ret;
}

int wmpush_avio_open(AVIOContext** pb, const char* url, const wmpush_options* options,
                     const AVIOInterruptCB* int_cb) {
  wmpush_error error;

  return wmpush_avio_open_explained(pb, url, options, int_cb, &error);
}

int wmpush_avio_closep(AVIOContext** pb) {
  wmpush_error error;

  return wmpush_avio_close_explained(pb, &error);
}

int wmpush_avio_is_open(const AVIOContext* pb) { return pb && pb->write_packet == write_asf; }

wmpush_session* wmpush_avio_session(const AVIOContext* pb) {
  return wmpush_avio_is_open(pb) ? ((const Push*)pb->opaque)->session : NULL;
}

wmpush_avio_activity wmpush_avio_activity_of(const AVIOContext* pb, int64_t* since) {
  const Push* push = pb->opaque;

  *since = push->since;
  return push->activity;
}
