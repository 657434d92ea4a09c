/* wmpush: push a live ASF stream to a Windows Media publishing point (MS-WMHTTP).
 * SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The canonical use, for a program that has muxed ASF in memory:
 *
 *     wmpush_options options;
 *     wmpush_options_init(&options);
 *     wmpush_error error = {sizeof error};
 *     wmpush_session *session = NULL;
 *     if (WMPUSH_FAILED(wmpush_open(&session, "wmpush://server/live", &options, &error))) {
 *       fprintf(stderr, "%s\n", error.message);
 *       return 1;
 *     }
 *     while ((n = read_muxed_asf(buffer, sizeof buffer)) > 0)
 *       if (WMPUSH_FAILED(wmpush_write(session, buffer, n)))
 *         break;
 *     if (WMPUSH_FAILED(wmpush_end_session(session))) {   // the end-of-stream was not taken
 *       wmpush_last_error(session, &error);
 *       fprintf(stderr, "%s\n", error.message);
 *     }
 *     wmpush_close(&session);
 *
 * A session is used by one thread at a time; several sessions are independent of each other.
 * Calls block until the kernel has taken the bytes, within the deadlines of the options; the calls
 * of a session that was begun by wmpush_start() never do.
 * Every duration is in microseconds.
 */
#ifndef WMPUSH_WMPUSH_H
#define WMPUSH_WMPUSH_H

#include <stddef.h>
#include <stdint.h>

#include "version.h"

#if defined(WMPUSH_STATIC)
#define WMPUSH_API
#elif defined(__GNUC__)
#define WMPUSH_API __attribute__((visibility("default")))
#else
#define WMPUSH_API
#endif

#if defined(__GNUC__)
#define WMPUSH_NODISCARD __attribute__((warn_unused_result))
#else
#define WMPUSH_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** An HRESULT: negative is a failure. Names and values are those of the Windows Media SDK. */
typedef int32_t wmpush_result;

#define WMPUSH_SUCCEEDED(result) ((result) >= 0)
#define WMPUSH_FAILED(result) ((result) < 0)
#define WMPUSH_HRESULT(value) ((wmpush_result)(value))

#define WMPUSH_S_OK WMPUSH_HRESULT(0x00000000u)
/** Nothing was to be done, for example a second disconnect. */
#define WMPUSH_S_FALSE WMPUSH_HRESULT(0x00000001u)
/** A URL, an option or an argument is not valid. */
#define WMPUSH_E_INVALIDARG WMPUSH_HRESULT(0x80070057u)
/** Only of a session that does not block: nothing was taken, or something is still under way. */
#define WMPUSH_E_PENDING WMPUSH_HRESULT(0x8000000Au)
#define WMPUSH_E_OUTOFMEMORY WMPUSH_HRESULT(0x8007000Eu)
/** A failure that has no code of its own; the message says what it was. */
#define WMPUSH_E_FAIL WMPUSH_HRESULT(0x80004005u)
/** There is no connection: never made, or the session has ended. */
#define WMPUSH_NS_E_NOCONNECTION WMPUSH_HRESULT(0xC00D0005u)
/** The server did not answer, or asked to stop because nothing came (HTTP 408). */
#define WMPUSH_NS_E_TIMEOUT WMPUSH_HRESULT(0xC00D0013u)
/** The host part of the URL is not valid. */
#define WMPUSH_NS_E_INVALID_NAME WMPUSH_HRESULT(0xC00D001Cu)
/** The connection was lost: reset, or closed before the end. */
#define WMPUSH_NS_E_CONNECTION_FAILURE WMPUSH_HRESULT(0xC00D0029u)
/** The interrupt callback asked to stop. */
#define WMPUSH_NS_E_SHUTDOWN WMPUSH_HRESULT(0xC00D002Au)
/** The call is not valid now, for example data before the header. */
#define WMPUSH_NS_E_INVALID_REQUEST WMPUSH_HRESULT(0xC00D002Bu)
/** The input is not ASF, or ASF that cannot be pushed. */
#define WMPUSH_NS_E_INVALID_DATA WMPUSH_HRESULT(0xC00D002Fu)
/** The host name does not resolve. */
#define WMPUSH_NS_E_SERVER_NOT_FOUND WMPUSH_HRESULT(0xC00D0035u)
/** 404 although a template was named. */
#define WMPUSH_NS_E_INVALID_PUSH_TEMPLATE WMPUSH_HRESULT(0xC00D151Au)
/** 404 or 410: there is no such publishing point. */
#define WMPUSH_NS_E_INVALID_PUSH_PUBLISHING_POINT WMPUSH_HRESULT(0xC00D151Bu)
/** 409: the publishing point is in use. */
#define WMPUSH_NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME WMPUSH_HRESULT(0xC00D1520u)
/** 503. */
#define WMPUSH_NS_E_SERVER_UNAVAILABLE WMPUSH_HRESULT(0xC00D2EE6u)
#define WMPUSH_NS_E_PROXY_NOT_FOUND WMPUSH_HRESULT(0xC00D2EEDu)
/** 407. */
#define WMPUSH_NS_E_PROXY_ACCESSDENIED WMPUSH_HRESULT(0xC00D2EF6u)
/** 401 or 403. */
#define WMPUSH_NS_E_SERVER_ACCESSDENIED WMPUSH_HRESULT(0xC00D2EFBu)
/** No TCP connection: refused, unreachable, or no answer in time. */
#define WMPUSH_NS_E_PUSH_CANNOTCONNECT WMPUSH_HRESULT(0xC00D2F0Bu)
/** What answered is not a Windows Media server. */
#define WMPUSH_NS_E_INCOMPATIBLE_PUSH_SERVER WMPUSH_HRESULT(0xC00D2F0Cu)

/** The name of a result, such as "NS_E_NOCONNECTION"; "unknown HRESULT" for one not listed here.
 *  The string is static. */
WMPUSH_API const char* wmpush_result_name(wmpush_result result);

/** The version of the library that is running, as WMPUSH_VERSION. The string is static. */
WMPUSH_API const char* wmpush_version(void);

/** The authentication schemes that this build can do on this machine, in the order in which they
 * are preferred: "Negotiate, NTLM, Digest, Basic" or less. The string is static. */
WMPUSH_API const char* wmpush_authentication_schemes(void);

typedef enum wmpush_log_level {
  WMPUSH_LOG_ERROR = 0,   /**< the push fails */
  WMPUSH_LOG_WARNING = 1, /**< the push goes on, but someone should know */
  WMPUSH_LOG_INFO = 2,    /**< one line at the start and the end of a session */
  WMPUSH_LOG_VERBOSE = 3, /**< requests and responses in a line each */
  WMPUSH_LOG_DEBUG = 4    /**< everything else that is not per packet */
} wmpush_log_level;

/** Receives one line without a line break. Passwords of three or more characters
 *  never appear in it. The string lives until
 *  the callback returns. Called from the thread that made the call into the library. */
typedef void (*wmpush_log_callback)(void* opaque, wmpush_log_level level, const char* line);

/** Asked at least every 100 ms while a call waits; non-zero ends the wait with NS_E_SHUTDOWN. */
typedef int (*wmpush_interrupt_callback)(void* opaque);

/** Settings of a session. Fill it by wmpush_options_init() and change what differs. The strings
 *  are borrowed until wmpush_open() returns. A parameter of the same name in the URL's query wins
 *  over the member; what names a file, a route or whom to trust is refused there.
 * wmpush_option_at() lists name, unit, range, default and meaning of each. */
typedef struct wmpush_options {
  size_t size;               /**< sizeof(wmpush_options), set by wmpush_options_init() */
  const char* template_url;  /**< publishing point to copy when the URL's is missing; NULL = none */
  int auto_destroy;          /**< 0 or 1: the copy goes away with the session */
  const char* user;          /**< NULL = the one in the URL, if any */
  const char* password;      /**< NULL = the one in the URL, else $WMPUSH_PASSWORD */
  const char* password_file; /**< file whose first line is the password; NULL = none */
  const char* auth;          /**< the only scheme to use: "negotiate", "ntlm", "digest" or "basic";
                                  NULL or "any" = the best that the server offers */
  const char* http_proxy;    /**< proxy to go through, "http://[user[:password]@]host[:port]"; "" =
                                  none; NULL = $http_proxy, or $https_proxy for wmpushs://, but for
                                  the hosts in $no_proxy */
  int allow_305;             /**< 1: a server may name a proxy to go through (HTTP status 305) */
  int64_t connect_timeout;   /**< us, name resolution and TLS included; 10 s */
  int64_t response_timeout;  /**< us, for each response; 15 s */
  int64_t send_timeout;      /**< us without progress while sending; 10 s */
  int64_t end_timeout;       /**< us, for the whole of EndSession; 5 s */
  int64_t rollover_timeout;  /**< us, for the response when a PushStart's length is used up; 10 s */
  int64_t content_length;    /**< bytes of each PushStart; 0 = 2147483647, 60 s behind a proxy */
  int strict_server;         /**< 1: only Cougar/ and Rex/ servers; 0: warn about others */
  int fix_header;            /**< 1: make the ASF header fit for a live push */
  int strip_padding;         /**< 1: do not send padding that can be left out */
  int64_t max_bitrate;       /**< bit/s written where the header does not know; 0 = estimate */
  int reconnect;             /**< 1: a connection lost in mid stream is made again, and the session
                                  resumed, or set up anew where the server has lost it */
  int64_t reconnect_delay_max;   /**< us, the longest wait before a try to connect again; 30 s */
  int64_t reconnect_max_retries; /**< tries in a row; 0 = no limit */
  const char* user_agent;        /**< product after the WMEncoder token; NULL = libwmpush/VERSION */
  wmpush_interrupt_callback interrupt; /**< NULL = none */
  void* interrupt_opaque;
  wmpush_log_callback log; /**< NULL = none */
  void* log_opaque;
  const char* resume; /**< whether a lost session goes on by its push-id: "auto" (unless something
                           speaks against it) or NULL, "always" or "never" */
  int strict_end;     /**< 1: an error answer behind the end-of-stream is a failure; 0: a warning */
  int64_t max_header; /**< bytes that the receiver takes of an ASF header; what does not fit is left
                           out of it, unless fix_header is 0; 0 = 65531 */
  const char* congestion; /**< what happens when the network is slower than the stream: "block" (the
                               caller waits) or NULL, or "drop": no call waits for the network once
                               the stream has begun, and whole packets are left out while queue_size
                               bytes wait, up to a key frame */
  int64_t queue_size;     /**< bytes that may wait for the network with "drop", or in a session that
                               does not block; 0 = 2 MiB, 64 KiB without "drop" */
  int tls_verify;         /**< 1: push with wmpushs:// only to a server whose certificate is trusted
                               and for its host; 0: to any */
  const char* ca_file;    /**< PEM: certificates to trust instead of the system's; NULL = those */
  const char* cert_file;  /**< PEM: our own certificate, and what leads to its authority; NULL =
                               none */
  const char* key_file;   /**< PEM: its key, without a passphrase; NULL = it is in cert_file */
} wmpush_options;

/** What wmpush_options_init() calls: sets `options->size` to `size`, the sizeof(wmpush_options) of
 *  the header that the program was built with, and every default that lies within it; what a
 *  library older than that header does not know is 0. Nothing behind `size` bytes is touched, nor
 *  anything when `options` is NULL. */
WMPUSH_API void wmpush_options_init_sized(wmpush_options* options, size_t size);

/** Sets the size and every default. */
static inline void wmpush_options_init(wmpush_options* options) {
  wmpush_options_init_sized(options, sizeof *options);
}

typedef struct wmpush_error wmpush_error;

/** Sets an option from text, as a command line or a URL has it: numbers in decimal, flags as 0 or
 *  1, durations in FFmpeg's syntax ("5", "1500ms", "00:01:00"; seconds when no unit is given). A
 *  text option keeps the pointer `value`. E_INVALIDARG for an unknown name, one that lies behind
 *  `options->size`, or a value out of range; `error`, if not NULL, then says which range. */
WMPUSH_API wmpush_result wmpush_options_set(wmpush_options* options, const char* name,
                                            const char* value, wmpush_error* error);

typedef enum wmpush_option_type {
  WMPUSH_OPTION_FLAG,     /**< int, 0 or 1 */
  WMPUSH_OPTION_INTEGER,  /**< int64_t */
  WMPUSH_OPTION_DURATION, /**< int64_t, microseconds */
  WMPUSH_OPTION_TEXT      /**< const char * */
} wmpush_option_type;

typedef struct wmpush_option_info {
  const char* name;
  wmpush_option_type type;
  const char* unit;      /**< "us", "bytes", "bit/s", or "" */
  int64_t minimum;       /**< 0 for a text */
  int64_t maximum;       /**< 0 for a text */
  int64_t default_value; /**< 0 for a text, whose default is NULL */
  int secret;            /**< 1: its value must never be printed */
  const char* help;
  int not_in_url; /**< 1: names a file or a route of this machine: E_INVALIDARG in a URL, which may
                       come from someone who must not choose these */
  const char* values; /**< the words that a text may be, the default first: "block|drop"; "" when it
                           may be any, or is no text */
} wmpush_option_info;

/** The options by number from 0; NULL behind the last. Static. */
WMPUSH_API const wmpush_option_info* wmpush_option_at(size_t index);

#define WMPUSH_ERROR_MESSAGE_SIZE 1024

/** Why a call failed. Set `size` to sizeof(wmpush_error) before handing it to the library, which
 *  fills in that much at the most. */
struct wmpush_error {
  size_t size;
  wmpush_result result;
  int http_status;                         /**< status of the response that caused it; 0 = none */
  int system_error;                        /**< errno that caused it; 0 = none */
  char message[WMPUSH_ERROR_MESSAGE_SIZE]; /**< one line: what was done, to whom, what came back */
};

typedef enum wmpush_state {
  WMPUSH_STATE_SETUP = 0,     /**< connecting, PushSetup */
  WMPUSH_STATE_READY = 1,     /**< the server has accepted the session; no data yet */
  WMPUSH_STATE_STREAMING = 2, /**< the header is out */
  WMPUSH_STATE_ENDED = 3,     /**< EndSession or disconnect was done */
  WMPUSH_STATE_FAILED = 4,    /**< see wmpush_last_error() */
  WMPUSH_STATE_RECONNECTING =
      5 /**< the connection was lost; what waits is not all out on a new one yet */
} wmpush_state;

typedef struct wmpush_stats {
  size_t size; /**< set to sizeof(wmpush_stats) before the call */
  wmpush_state state;
  int connected;              /**< 1 while there is a TCP connection */
  uint64_t bytes_accepted;    /**< ASF bytes taken from the program */
  uint64_t packets_accepted;  /**< data packets found in them */
  uint64_t bytes_sent;        /**< bytes the kernel took, HTTP and framing included */
  uint64_t packets_sent;      /**< data packets the kernel took whole */
  uint64_t packets_malformed; /**< sent as they came, because they could not be parsed */
  uint64_t padding_bytes;     /**< padding that was not sent */
  int input_ended;    /**< 1 when the bytes given to wmpush_write() ended as a muxer ends them: with
                           an index, an end chunk, or the size that the Data Object declared */
  int64_t stall_time; /**< us spent waiting for the peer to take data */
  int64_t duration;   /**< us of media, by the packets' send times */
  wmpush_result last_result; /**< result of the last call */
  uint64_t reconnects;       /**< how often the stream went on after a loss of the connection */
  uint64_t packets_resent;   /**< data packets sent once more, because they had not arrived */
  uint64_t packets_at_risk;  /**< data packets that may be lost, at the most: those that a lost
                                  connection had delivered to the peer's system, whose program need
                                  not have read them, and those that never went out again. Counted
                                  with reconnect only */
  int end_confirmed; /**< 1 when the server closed the connection or answered with a success behind
                          the end-of-stream; 0: its system has acknowledged everything at the best
                      */
  uint64_t packets_dropped; /**< data packets left out, because the network was too slow */
} wmpush_stats;

/** A push session: IWMWriterPushSink with a C face.
 *
 *  Every function takes NULL for a session: E_INVALIDARG is what it returns then, or puts into the
 *  structure that it fills. Where the program has no memory left, the call returns E_OUTOFMEMORY,
 *  the session has failed for good, and no later call returns S_OK. No exception leaves a function,
 *  and what a callback throws stays within the library. */
typedef struct wmpush_session wmpush_session;

/** Connects to wmpush://[user[:password]@]host[:port]/publishing-point[?option=value...], or to
 *  wmpushs:// for the same over TLS (http:// and https:// mean the same as these), and sets the
 * session up (PushSetup). On success `*session` is the session, which the caller owns and gives to
 * wmpush_close(). On failure `*session` is NULL and `error`, if not NULL, says why. `options` may
 * be NULL for the defaults; their `size` must have been set, by wmpush_options_init(). */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_open(wmpush_session** session, const char* url,
                                                      const wmpush_options* options,
                                                      wmpush_error* error);

/** Takes the next bytes of muxed ASF, in pieces of any size, as libavformat's "asf" and
 *  "asf_stream" write them. Indexes and the muxer's end chunk are not sent. After a failure every
 *  further call fails too. */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_write(wmpush_session* session, const void* data,
                                                       size_t size);

/** Sends an ASF Header Object together with the first 50 bytes of the Data Object ($H). For
 *  programs that make packets themselves; not to be mixed with wmpush_write(). */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_on_header(wmpush_session* session,
                                                           const void* header, size_t size);

/** Sends one ASF data packet ($D). */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_on_data_unit(wmpush_session* session,
                                                              const void* packet, size_t size);

/** Says that no more data follows. Returns NS_E_INVALID_DATA when what wmpush_write() got ends
 *  inside the header or a packet: those bytes were not sent. */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_on_end_writing(wmpush_session* session);

/** Ends the session: the end-of-stream goes out and the server shuts the data path down. S_OK only
 *  when it was really taken; NS_E_CONNECTION_FAILURE when the connection was lost before or
 *  meanwhile; NS_E_NOCONNECTION when there is none, as after a first end_session;
 *  NS_E_INVALID_DATA when what wmpush_write() got was broken or cut off, which the server is then
 * told; NS_E_INVALID_REQUEST when no header was sent; NS_E_SHUTDOWN when interrupted;
 * E_OUTOFMEMORY when there was no memory for it. */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_end_session(wmpush_session* session);

/** Ends the session as wmpush_end_session() does, but says that the stream broke off: the
 * end-of-stream carries `reason`, a failure, which the server may pass on to its players. S_OK when
 * it was taken. */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_abort_session(wmpush_session* session,
                                                               wmpush_result reason);

/** Closes the connection without an end-of-stream: the server keeps its data path for a while.
 *  S_FALSE when there was nothing to close. */
WMPUSH_API wmpush_result wmpush_disconnect(wmpush_session* session);

/** The first failure of the session, which is the one to know: what fails afterwards follows from
 * it. `error->result` is S_OK when nothing has failed. */
WMPUSH_API void wmpush_last_error(const wmpush_session* session, wmpush_error* error);

/** Copies at most `stats->size` bytes of the statistics. */
WMPUSH_API void wmpush_get_stats(const wmpush_session* session, wmpush_stats* stats);

/* A session that never blocks, for programs with an event loop. Many fit into one thread. The
 * canonical loop, here with poll() and one session:
 *
 *     static void wait_for(const wmpush_session *session) {
 *       wmpush_wait wait = {sizeof wait, -1, 0, -1};
 *       struct pollfd entry = {-1, 0, 0};
 *       wmpush_wants(session, &wait);
 *       entry.fd = wait.descriptor;
 *       entry.events = wait.events;
 *       poll(&entry, 1, wait.timeout);
 *     }
 *
 *     wmpush_result push(const char *url, FILE *asf, wmpush_error *error) {
 *       wmpush_session *session = NULL;
 *       char data[4096];
 *       size_t size;
 *       wmpush_result result = wmpush_start(&session, url, NULL, error);
 *       if (WMPUSH_FAILED(result)) return result;
 *       while ((result = wmpush_perform(session)) == WMPUSH_E_PENDING)  // the setup
 *         wait_for(session);
 *       while (result == WMPUSH_S_OK && (size = fread(data, 1, sizeof data, asf)) > 0)
 *         while ((result = wmpush_write(session, data, size)) == WMPUSH_E_PENDING)
 *           wait_for(session);  // nothing was taken: the same once more
 *       if (result == WMPUSH_S_OK)
 *         result = wmpush_end_start(session, WMPUSH_S_OK);
 *       if (result == WMPUSH_S_OK)
 *         while ((result = wmpush_perform(session)) == WMPUSH_E_PENDING)
 *           wait_for(session);
 *       wmpush_last_error(session, error);  // S_OK: the end-of-stream was taken
 *       wmpush_close(&session);
 *       return result;
 *     }
 *
 * wmpush_end_session() and wmpush_abort_session() are not for such a session, nor are these
 * functions for one of wmpush_open(): NS_E_INVALID_REQUEST. The interrupt callback is not asked. */

/** What a session waits for. */
typedef struct wmpush_wait {
  size_t size;    /**< set to sizeof(wmpush_wait) before the call */
  int descriptor; /**< only to be waited for, and maybe another after each call; -1 = none, which
                       poll() passes over */
  short events;   /**< POLLIN, POLLOUT or both, for poll() */
  int timeout;    /**< ms from now, for poll(); -1 = none */
} wmpush_wait;

/** Begins to connect and to set the session up. S_OK: that is under way, and `*session` is the
 *  caller's, as with wmpush_open(). No call for it takes more than some milliseconds. */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_start(wmpush_session** session, const char* url,
                                                       const wmpush_options* options,
                                                       wmpush_error* error);

/** Says what the session waits for: then wmpush_perform() is to be called. Copies at most
 *  `wait->size` bytes. */
WMPUSH_API void wmpush_wants(const wmpush_session* session, wmpush_wait* wait);

/** Does what can be done now. E_PENDING as long as something is under way: the setup, bytes that
 * the kernel has not taken, a connection that is made again, the end. S_OK when all is done. A
 * failure is that of the session; behind wmpush_end_start() it is what wmpush_end_session()
 * returns.
 *
 *  wmpush_write(), wmpush_on_header() and wmpush_on_data_unit() take all or nothing of such a
 *  session: E_PENDING before it is set up, and while queue_size bytes (64 KiB where it is 0) wait
 *  for the network. With congestion=drop packets are left out instead. */
WMPUSH_API wmpush_result wmpush_perform(wmpush_session* session);

/** Begins to end the session: the end-of-stream follows what waits. `reason` is S_OK, or the
 * failure for which the stream is broken off. NS_E_NOCONNECTION, NS_E_INVALID_REQUEST (no header
 * was sent), E_INVALIDARG (the reason is no failure); else wmpush_perform() says what came of it.
 */
WMPUSH_NODISCARD WMPUSH_API wmpush_result wmpush_end_start(wmpush_session* session,
                                                           wmpush_result reason);

/** Frees the session and sets `*session` to NULL. Disconnects if it was not ended. */
WMPUSH_API void wmpush_close(wmpush_session** session);

#ifdef __cplusplus
}
#endif

#endif
