/*
 * This file is part of FFmpeg.
 *
 * FFmpeg is free software; you can redistribute it and/or
 * modify it under the terms of the GNU Lesser General Public
 * License as published by the Free Software Foundation; either
 * version 2.1 of the License, or (at your option) any later version.
 *
 * FFmpeg is distributed in the hope that it will be useful,
 * but WITHOUT ANY WARRANTY; without even the implied warranty of
 * MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU
 * Lesser General Public License for more details.
 *
 * You should have received a copy of the GNU Lesser General Public
 * License along with FFmpeg; if not, write to the Free Software
 * Foundation, Inc., 51 Franklin Street, Fifth Floor, Boston, MA 02110-1301 USA
 */

/**
 * @file
 * Windows Media push distribution (MS-WMHTTP) protocol using libwmpush
 */

#include <stdio.h>
#include <string.h>

#include "libavutil/common.h"
#include "libavutil/error.h"
#include "libavutil/log.h"
#include "libavutil/opt.h"

#include "avformat.h"
#include "network.h"
#include "url.h"

#include <wmpush/wmpush.h>

/* The ASF muxer goes back into its buffer to fill in the size of the header,
 * so the largest header that a server takes has to fit into it whole. */
#define BUFFER_SIZE (4 << 20)

#define TIMEOUT_MIN INT64_C(10000)
#define TIMEOUT_MAX INT64_C(86400000000)

typedef struct WMPushContext {
    const AVClass *class;

    wmpush_options options;
    wmpush_session *session;
    int interrupted;            ///< the interrupt callback asked to stop
    int error;                  ///< AVERROR of the first failure
    wmpush_result failure;      ///< and its result
} WMPushContext;

#define E AV_OPT_FLAG_ENCODING_PARAM
#define OFFSET(x) offsetof(WMPushContext, options.x)
#define TIMEOUT(name, us, help) \
    { #name, help, OFFSET(name), AV_OPT_TYPE_DURATION, { .i64 = us }, TIMEOUT_MIN, TIMEOUT_MAX, .flags = E }
static const AVOption libwmpush_options[] = {
    { "template_url",   "publishing point to copy when the one in the URL does not exist", OFFSET(template_url), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "auto_destroy",   "the copy of the template goes away with the session", OFFSET(auto_destroy), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, .flags = E },
    { "user",           "user name, instead of the one in the URL", OFFSET(user), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "password",       "password, instead of the one in the URL", OFFSET(password), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "password_file",  "file whose first line is the password", OFFSET(password_file), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "auth",           "the only scheme to use: negotiate, ntlm, digest or basic; any = the best that is offered", OFFSET(auth), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "http_proxy",     "proxy, http://[user:password@]host[:port]; default: the http_proxy of the environment, or for wmpushs:// its https_proxy, but for the hosts in no_proxy; empty = none", OFFSET(http_proxy), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "allow_305",      "go through a proxy that the server names (HTTP status 305)", OFFSET(allow_305), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, .flags = E },
    TIMEOUT(connect_timeout,  10000000, "limit for resolving the name and connecting, TLS included"),
    TIMEOUT(response_timeout, 15000000, "limit for each response of the server"),
    TIMEOUT(send_timeout,     10000000, "how long the server may take no data at all"),
    TIMEOUT(end_timeout,       5000000, "limit for ending the session"),
    TIMEOUT(rollover_timeout, 10000000, "how long to wait for the response to a PushStart whose length is used up"),
    { "content_length", "length of each PushStart; 0 = 2147483647, or 60 s of the stream behind a proxy", OFFSET(content_length), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, 2147483647, .flags = E },
    { "strict_server",  "push only to a server that calls itself Cougar or Rex; 0 = warn about others", OFFSET(strict_server), AV_OPT_TYPE_BOOL, { .i64 = 1 }, 0, 1, .flags = E },
    { "fix_header",     "make the ASF header fit for a live push", OFFSET(fix_header), AV_OPT_TYPE_BOOL, { .i64 = 1 }, 0, 1, .flags = E },
    { "strip_padding",  "leave out padding that carries nothing", OFFSET(strip_padding), AV_OPT_TYPE_BOOL, { .i64 = 1 }, 0, 1, .flags = E },
    { "max_bitrate",    "bit rate to declare where the ASF header has none; 0 = estimate", OFFSET(max_bitrate), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, 4294967294.0, .flags = E },
    { "reconnect",      "connect again when the connection is lost in mid stream, and go on", OFFSET(reconnect), AV_OPT_TYPE_BOOL, { .i64 = 0 }, 0, 1, .flags = E },
    TIMEOUT(reconnect_delay_max, 30000000, "longest wait before a try to connect again"),
    { "reconnect_max_retries", "tries to connect again in a row; 0 = no limit", OFFSET(reconnect_max_retries), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, 1000000, .flags = E },
    { "resume",         "go on with a lost session: auto, always, or never, which sets up a new one each time", OFFSET(resume), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "strict_end",     "an error answer behind the end-of-stream is a failure; 0 = a warning", OFFSET(strict_end), AV_OPT_TYPE_BOOL, { .i64 = 1 }, 0, 1, .flags = E },
    { "max_header",     "largest ASF header that the receiver takes: pictures and other metadata that do not fit are left out; 0 = 65531", OFFSET(max_header), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, 65531, .flags = E },
    { "congestion",     "when the network is too slow: block, which holds the source up, or drop, which leaves packets out up to a key frame", OFFSET(congestion), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "queue_size",     "what may wait for the network with congestion=drop; 0 = 2097152", OFFSET(queue_size), AV_OPT_TYPE_INT64, { .i64 = 0 }, 0, 1073741824, .flags = E },
    { "user_agent",     "product to name after the encoder's; default libwmpush/VERSION", OFFSET(user_agent), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "ca_file",        "file of PEM with the certificates to trust with wmpushs://; default: the system's", OFFSET(ca_file), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "tls_verify",     "push with wmpushs:// only to a server whose certificate is trusted and for its host; 0 = to any", OFFSET(tls_verify), AV_OPT_TYPE_BOOL, { .i64 = 1 }, 0, 1, .flags = E },
    { "cert_file",      "file of PEM with our own certificate, where the server asks for one", OFFSET(cert_file), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { "key_file",       "file of PEM with its key, without a passphrase; default: cert_file", OFFSET(key_file), AV_OPT_TYPE_STRING, { .str = NULL }, 0, 0, .flags = E },
    { NULL }
};

static int http_status2ret(int status)
{
    switch (status) {
    case 400: return AVERROR_HTTP_BAD_REQUEST;
    case 401: return AVERROR_HTTP_UNAUTHORIZED;
    case 403: return AVERROR_HTTP_FORBIDDEN;
    case 404:
    case 410: return AVERROR_HTTP_NOT_FOUND;
    }
    return status >= 500 ? AVERROR_HTTP_SERVER_ERROR : AVERROR_HTTP_OTHER_4XX;
}

static int wmpusherr2ret(const wmpush_error *err)
{
    const int system = err->system_error;

    switch (err->result) {
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
        return AVERROR(system > 0 ? system : EIO);
    case WMPUSH_NS_E_PUSH_CANNOTCONNECT:
    case WMPUSH_NS_E_PROXY_NOT_FOUND:
        return AVERROR(system > 0 ? system : ETIMEDOUT);
    }

    if (err->http_status >= 400)
        return http_status2ret(err->http_status);

    switch (err->result) {
    case WMPUSH_NS_E_TIMEOUT:
        return AVERROR(ETIMEDOUT);
    case WMPUSH_NS_E_NOCONNECTION:
        return AVERROR(ENOTCONN);
    case WMPUSH_NS_E_CONNECTION_FAILURE:
        return AVERROR(system > 0 ? system : ECONNRESET);
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
    }
    return AVERROR_EXTERNAL;
}

static void log_cb(void *opaque, wmpush_log_level log_level, const char *line)
{
    int level;

    switch (log_level) {
    case WMPUSH_LOG_ERROR:   return; /* a failure is logged once, by fail() */
    case WMPUSH_LOG_WARNING: level = AV_LOG_WARNING; break;
    case WMPUSH_LOG_INFO:    level = AV_LOG_INFO;    break;
    case WMPUSH_LOG_VERBOSE: level = AV_LOG_VERBOSE; break;
    default:                 level = AV_LOG_DEBUG;   break;
    }

    av_log(opaque, level, "%s\n", line);
}

static int interrupt_cb(void *opaque)
{
    URLContext *h    = opaque;
    WMPushContext *s = h->priv_data;

    if (ff_check_interrupt(&h->interrupt_callback))
        s->interrupted = 1;
    return s->interrupted;
}

/* Keep the first failure and report it. */
static int fail(URLContext *h, const wmpush_error *err)
{
    WMPushContext *s = h->priv_data;

    if (s->error)
        return s->error;

    s->failure = err->result;
    s->error   = wmpusherr2ret(err);
    /* ffmpeg takes AVERROR_EXIT for an end that the user asked for. */
    if (s->error == AVERROR_EXIT && !s->interrupted)
        s->error = AVERROR_EXTERNAL;

    av_log(h, AV_LOG_ERROR, "%s\n", err->message[0] ? err->message : wmpush_result_name(err->result));
    return s->error;
}

static int fail_as_session(URLContext *h, wmpush_result result)
{
    WMPushContext *s = h->priv_data;
    wmpush_error err = { .size = sizeof(err) };

    wmpush_last_error(s->session, &err);
    if (!WMPUSH_FAILED(err.result))
        err.result = result;
    return fail(h, &err);
}

static int fail_with(URLContext *h, wmpush_result result, const char *message)
{
    wmpush_error err = { .size = sizeof(err), .result = result };
    char scheme[16], host[256], path[256], number[8] = "";
    int port;

    /* Without credentials and query: there may be a password in both. */
    av_url_split(scheme, sizeof(scheme), NULL, 0, host, sizeof(host), &port, path, sizeof(path), h->filename);
    path[strcspn(path, "?#")] = 0;
    if (port >= 0)
        snprintf(number, sizeof(number), ":%d", port & 0xFFFF);
    snprintf(err.message, sizeof(err.message), "%s://%s%s%s: %s", scheme, host, number, path, message);
    return fail(h, &err);
}

static int libwmpush_open(URLContext *h, const char *uri, int flags)
{
    WMPushContext *s  = h->priv_data;
    wmpush_options *o = &s->options;
    wmpush_error err  = { .size = sizeof(err) };

    if (flags & AVIO_FLAG_READ) {
        av_log(h, AV_LOG_ERROR, "wmpush is for output only, use mmsh to receive\n");
        return AVERROR(ENOSYS);
    }

    o->size             = sizeof(*o);
    o->interrupt        = interrupt_cb;
    o->interrupt_opaque = h;
    o->log              = log_cb;
    o->log_opaque       = h;

    if (h->rw_timeout > 0) {
        const int64_t limit = FFMAX(h->rw_timeout, TIMEOUT_MIN);
        o->connect_timeout  = FFMIN(o->connect_timeout,  limit);
        o->response_timeout = FFMIN(o->response_timeout, limit);
        o->send_timeout     = FFMIN(o->send_timeout,     limit);
        o->end_timeout      = FFMIN(o->end_timeout,      limit);
        o->rollover_timeout = FFMIN(o->rollover_timeout, limit);
    }

    if (WMPUSH_FAILED(wmpush_open(&s->session, uri, o, &err)))
        return fail(h, &err);

    h->is_streamed     = 1;
    h->max_packet_size = BUFFER_SIZE;
    return 0;
}

static int libwmpush_write(URLContext *h, const uint8_t *buf, int size)
{
    WMPushContext *s = h->priv_data;
    wmpush_result result;

    if (s->error)
        return s->error;

    result = wmpush_write(s->session, buf, size);
    return WMPUSH_FAILED(result) ? fail_as_session(h, result) : size;
}

/* The muxer was not done: the server must not be told that all is well. */
static int abandon(URLContext *h, const wmpush_stats *stats)
{
    WMPushContext *s = h->priv_data;
    wmpush_result result;

    if (interrupt_cb(h))
        return fail_with(h, WMPUSH_NS_E_SHUTDOWN, "interrupted before the stream was finished");
    if (!stats->bytes_accepted)
        return fail_with(h, WMPUSH_E_FAIL, "nothing was pushed: the program stopped before it wrote "
                                           "anything, and says why above");

    result = wmpush_on_end_writing(s->session);
    if (WMPUSH_FAILED(result))
        fail_as_session(h, result);
    else
        fail_with(h, WMPUSH_E_FAIL, "the stream broke off: closed before the muxer wrote its trailer");

    /* The first failure is what counts, whatever becomes of this. */
    if (WMPUSH_FAILED(wmpush_abort_session(s->session, s->failure)))
        av_log(h, AV_LOG_VERBOSE, "The server was not told that the stream broke off\n");
    return s->error;
}

static int end_session(URLContext *h)
{
    WMPushContext *s   = h->priv_data;
    wmpush_stats stats = { .size = sizeof(stats) };
    wmpush_result result;

    if (s->error)
        return s->error;

    wmpush_get_stats(s->session, &stats);
    if (!stats.input_ended)
        return abandon(h, &stats);

    result = wmpush_end_session(s->session);
    return WMPUSH_FAILED(result) ? fail_as_session(h, result) : 0;
}

static int libwmpush_close(URLContext *h)
{
    WMPushContext *s = h->priv_data;
    int ret = end_session(h);

    wmpush_close(&s->session);
    return ret;
}

#define WMPUSH_PROTOCOL(flavor)                       \
static const AVClass lib ## flavor ## _class = {      \
    .class_name = #flavor,                            \
    .item_name  = av_default_item_name,               \
    .option     = libwmpush_options,                  \
    .version    = LIBAVUTIL_VERSION_INT,              \
};                                                    \
                                                      \
const URLProtocol ff_lib ## flavor ## _protocol = {   \
    .name            = #flavor,                       \
    .url_open        = libwmpush_open,                \
    .url_write       = libwmpush_write,               \
    .url_close       = libwmpush_close,               \
    .priv_data_size  = sizeof(WMPushContext),         \
    .flags           = URL_PROTOCOL_FLAG_NETWORK,     \
    .priv_data_class = &lib ## flavor ## _class,      \
};

WMPUSH_PROTOCOL(wmpush)
WMPUSH_PROTOCOL(wmpushs)
