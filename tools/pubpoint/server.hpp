// The publishing point's server: what `wmpush serve` runs and what the tests push to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "pubpoint/access/access_settings.hpp"
#include "pubpoint/access/authentication.hpp"
#include "pubpoint/clock.hpp"
#include "pubpoint/hls/hls_settings.hpp"
#include "pubpoint/hook/hook_settings.hpp"
#include "pubpoint/limit_counts.hpp"
#include "pubpoint/origin/origin_settings.hpp"
#include "pubpoint/picture/picture_settings.hpp"
#include "pubpoint/relay/relay_settings.hpp"
#include "tls/context.hpp"

namespace wmpush::pubpoint {

class ClientConnection;  // http/client_connection.hpp
class FallbackFile;      // point/fallback.hpp
class RequestHandler;    // http/request_handler.hpp
struct RequestRecord;    // http/request_record.hpp
class Service;           // service.hpp
class StreamConsumer;    // push/push_session.hpp
struct ViewerRecord;     // pull/viewer.hpp

/// A rule of the protocol that a client broke.
struct Breach {
  std::string rule;  ///< "C05", "F08", "S03"
  std::string text;  ///< one line: what was seen, and what the rule asks for
};

/// One push session, running or over.
struct SessionReport {
  std::string push_id;
  std::string point;  ///< "/live"
  std::string peer;   ///< address and port of the client
  std::string user_agent;
  bool running = false;                ///< not yet deleted, or its recording is not finished
  bool receiving = false;              ///< a PushStart is being read
  bool end_of_stream = false;          ///< an $E with a Reason other than 1 came, or an
                                       ///< administrator ended the stream
  std::uint32_t end_reason = 0;        ///< its Reason
  std::uint64_t push_starts = 0;       ///< PushStart requests
  std::uint64_t entries = 0;           ///< $H and $C
  std::uint64_t packets = 0;           ///< $D
  std::uint64_t packets_repeated = 0;  ///< $D that were here already, after a resume
  std::uint64_t bytes = 0;             ///< payload of $H, $C and $D
  std::chrono::milliseconds media{0};  ///< last minus first send time
  std::string ended_because;           ///< one line; empty while running
  std::filesystem::path recording;     ///< finished file; empty when nothing is recorded
  std::vector<std::filesystem::path> recordings;  ///< in order, one at least for each entry; the
                                                  ///< first 10,000
  std::string recording_error;  ///< why a recording is not whole; empty when it is

  /// What changes while a PushStart is read.
  void take_counts(const SessionReport& newer);
};

/// What becomes of a push to a point that another one holds.
enum class Takeover {
  Refuse,  ///< 409
  Newer    ///< the other one ends with 503, and its viewers go on with the newer
};

/// What a client, or all of them, may take. Past a limit the answer is 503, or what is said here;
/// of a connection that is too many on the port for TLS the alert internal_error. All addresses of
/// one IPv6 network (/64) count as one. Besides, a quarter of the descriptors that the process may
/// have, 64 at most, go to files and to no connection: past that, 503.
struct Limits {
  std::size_t connections = 4096;               ///< without the viewers'; more are closed
  std::size_t address_connections = 512;        ///< of one address, the same
  std::chrono::milliseconds head_time{10'000};  ///< for a whole request head, or a short body: 408
  std::size_t unstarted = 1000;                 ///< sessions that were set up and have not begun
  std::size_t address_unstarted = 64;           ///< of one address: the oldest whose connection has
                                                ///< gone makes room, or the oldest of the
                                                ///< connection that has most; where each connection
                                                ///< has one, 503
  std::size_t points = 1000;                    ///< that were made from a template
  std::chrono::minutes point_time{60};          ///< such a point stays so long without a session
  std::size_t point_name = 255;                 ///< characters of its path: 403
  std::size_t entries_per_minute = 120;         ///< $H and $C of a session
  std::size_t viewers = 2000;                   ///< of all points
  std::size_t point_viewers = 2000;             ///< of each
  std::size_t viewer_queue = std::size_t{4} << 20;  ///< bytes that a viewer may be behind: it
                                                    ///< goes on at the newest key frame
  std::size_t record_files = 256;                   ///< that are written at the same time: a push
                                                    ///< past it is one whose recording failed
  std::size_t event_streams = 100;                  ///< of pages that are kept up to date
  std::size_t address_event_streams = 10;           ///< of one address, the same
  std::size_t reports = 10'000;                     ///< of sessions that are over
};

struct Settings {
  std::string address = "127.0.0.1";  ///< IPv4 or IPv6 literal
  std::uint16_t port = 0;             ///< 0: any free one
  /// A TCP socket that listens already, and that the server takes over: then address and port are
  /// what it has. -1: none.
  int listener = -1;
  /// The certificate and the key of a second port, where everything goes over TLS; null: there is
  /// none. A reload may change it, but not take it away or bring the first.
  std::shared_ptr<const tls::Context> tls{};
  std::string tls_address = "127.0.0.1";     ///< of that port
  std::uint16_t tls_port = 0;                ///< 0: any free one
  int tls_listener = -1;                     ///< as `listener`
  std::vector<std::string> points{"/live"};  ///< publishing points that exist from the start, as
                                             ///< paths, percent-decoded
  std::filesystem::path record{};            ///< directory for recordings; empty: none. It is made.
  std::string record_name = "{point}-{date}-{time}";  ///< without the extension; {entry}: a number
  std::uint64_t record_size = 0;                      ///< bytes after which, and
  std::chrono::milliseconds record_time{0};  ///< time after which a new file begins with the next
                                             ///< key frame; 0: with each entry only
  std::uint64_t record_free = 256 << 20;     ///< bytes that the disk keeps free; 0: none
  bool record_required = false;              ///< a push that cannot be recorded is ended: 507 when
                                             ///< there is no space, else 503
  std::size_t record_queue = 32 << 20;       ///< bytes that may wait for the disk, of all pushes
                                             ///< together: a push for which there is no room is
                                             ///< recorded no further
  /// The time that names recordings, asked for in the thread that writes them.
  std::function<std::chrono::system_clock::time_point()> wall_clock = [] {
    return std::chrono::system_clock::now();
  };
  /// Where the content of a session goes instead of into a recording. Called, as what it returns,
  /// from the server's thread.
  std::function<std::unique_ptr<StreamConsumer>(const SessionReport&)> consumer{};
  bool discard = false;                            ///< read packets and forget them, for benchmarks
  std::chrono::milliseconds idle_timeout{60'000};  ///< S08: inside a PushStart; 10 s or
                                                   ///< more where clients are real
  std::chrono::milliseconds inactivity_timeout{120'000};  ///< S08: between requests
  Takeover takeover = Takeover::Refuse;
  HookSettings hooks{};
  PictureSettings pictures{};
  std::vector<RelaySettings> relays{};         ///< what is received is pushed on
  std::vector<OriginSettings> origins{};       ///< what is shown comes from another server
  std::vector<HlsPointSettings> hls_points{};  ///< that browsers can watch
  HlsSettings hls{};
  std::shared_ptr<const FallbackFile> fallback{};  ///< shown while nobody pushes; null: nothing
  std::size_t viewer_threads = 0;                  ///< 0: one for each core
  Limits limits{};
  std::chrono::milliseconds wait_for_push{15'000};  ///< that a viewer waits for a stream
  Authentication authentication{};
  AccessSettings access{};
  std::string server = "Cougar/9.6.7600.16564";  ///< the Server header
  int receive_buffer = 0;  ///< SO_RCVBUF in bytes, for tests of a stall; 0: the system's own
  /// The time, asked for in the server's thread; tests give their own and call
  /// Server::check_timers() after moving it.
  std::function<Clock::time_point()> now = [] { return Clock::now(); };
  /// One line for people, without a line break, called from the server's thread.
  std::function<void(const std::string&)> log{};
  /// Called from the server's thread when a session starts receiving, and when it is over and its
  /// recording is finished.
  std::function<void(const SessionReport&)> on_start{};
  std::function<void(const SessionReport&)> on_end{};
  /// Called from the server's thread when a viewer has gone.
  std::function<void(const ViewerRecord&)> on_viewer_end{};
  /// Called from the server's thread when a request is over: a push or a viewer when it ends.
  std::function<void(const RequestRecord&)> on_request{};
};

/// Makes those who serve the requests of a connection, in the order in which they are asked whether
/// they take one. Called in the server's thread.
using HandlerFactory =
    std::function<std::vector<std::unique_ptr<RequestHandler>>(ClientConnection&, Service&)>;

/// A server's own: for those who look at its numbers, for those who watch, and for those who push.
std::vector<std::unique_ptr<RequestHandler>> make_handlers(ClientConnection& connection,
                                                           Service& service);

/// A port cannot be listened on; what() names the address.
class ListenError : public std::system_error {
 public:
  /// `error`: an errno. `tls`: it is the port for TLS.
  ListenError(int error, const std::string& what, bool tls)
      : std::system_error(error, std::system_category(), what), tls_(tls) {}
  bool tls() const { return tls_; }

 private:
  bool tls_;
};

/// Listens from the constructor on, in a thread of its own, until the destructor. Every public
/// function may be called from any thread.
class Server {
 public:
  /// Throws ListenError.
  explicit Server(Settings settings);
  Server(Settings settings, HandlerFactory handlers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;
  /// Of the port for TLS; 0: there is none.
  std::uint16_t tls_port() const;
  /// "wmpush://127.0.0.1:PORT/live" for "/live"; what needs it is percent-encoded.
  std::string url(const std::string& point = "/live") const;
  /// "wmpushs://127.0.0.1:PORT/live"; empty without TLS.
  std::string tls_url(const std::string& point = "/live") const;

  /// Takes users, grants, tokens, addresses, limits, hooks, `takeover` and `tls` over from
  /// `settings`, for the connections and requests that come from now on: nobody is dropped. Returns
  /// one line that names what else is different, and takes a new server; empty when there is
  /// nothing.
  std::string reload(Settings settings);
  /// Administrative disconnect of every session of a publishing point (S10).
  void disconnect(const std::string& point, int status = 503);
  /// Looks at the timers now: for tests that move the clock.
  void check_timers();

  std::vector<std::string> points() const;
  std::vector<Breach> breaches() const;
  /// The latest 10,000 sessions, oldest first.
  std::vector<SessionReport> sessions() const;
  /// Requests with credentials, oldest first.
  std::vector<Attempt> attempts() const;
  /// Requests read so far, PushSetup and PushStart alike.
  std::uint64_t requests() const;
  /// TCP connections accepted so far.
  std::uint64_t connections() const;
  /// How often each limit was met so far.
  LimitCounts limits_met() const;
  /// Those who watch now, by the order in which they came.
  std::vector<std::shared_ptr<const ViewerRecord>> viewers() const;
  /// Sends a viewer away.
  void close_viewer(std::uint64_t number);

  /// Waits until `reached` says true of the server, which is asked whenever something happened;
  /// false when `limit` passes first. `reached` may call every function above but this one.
  bool wait_for(const std::function<bool()>& reached,
                std::chrono::milliseconds limit = std::chrono::seconds(20)) const;

  /// Stops listening, ends running sessions and finishes their recordings, for 5 s at most: what
  /// the disk has not taken by then is left to the thread that writes it. Called from a callback,
  /// it only begins: the destructor waits.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wmpush::pubpoint
