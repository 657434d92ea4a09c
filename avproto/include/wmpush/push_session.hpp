// wmpush: a push session that never blocks, for programs with an event loop.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "result.hpp"
#include "wmpush.h"

namespace wmpush {

class Session;

/// What the server said of itself when it accepted the session.
struct PublishingPointInfo {
  std::string server;                             ///< Server header, "Cougar/9.6.7600.16564"
  std::string push_id;                            ///< session id; empty when the server sent none
  std::string supported;                          ///< Supported header; empty when there was none
  std::string address;                            ///< address and port of the connection
  std::chrono::milliseconds idle_timeout{60000};  ///< Pragma: timeout, or the protocol's default
  bool through_proxy = false;       ///< `address` is that of a proxy, not of the server
  bool idle_timeout_given = false;  ///< false: the server did not say, the default is assumed
  std::chrono::microseconds setup_time{0};  ///< from the start of Connect to the accepted setup
};

/// Does what can be done at once, and says what it waits for. Many sessions fit into one thread:
///
///     session.start(url);
///     // whenever wants() says so:
///     session.perform();
///     // whenever there is data:
///     if (session.write(data) == Result::E_PENDING) ...  // keep it, and try again after perform()
///     // and at last:
///     session.end_start();
///
/// No call takes more than some milliseconds, whatever the network does; the names of hosts and the
/// tickets of Kerberos are got in a thread of their own. The interrupt callback of the options is
/// not asked: who does not want to wait calls cancel(). Callbacks must not call the session.
///
/// One thread at a time. Only the constructors throw, std::bad_alloc. Where a call finds no memory
/// it returns E_OUTOFMEMORY and the session has failed for good: no call returns S_OK before the
/// next start().
class WMPUSH_API PushSession {
 public:
  /// Copies the options. The callbacks must stay valid as long as the session.
  explicit PushSession(const wmpush_options& options);
  PushSession();
  ~PushSession();
  PushSession(PushSession&&) noexcept;
  PushSession& operator=(PushSession&&) noexcept;

  /// Begins to connect and to set the session up (PushSetup, MS-WMHTTP 3.1.4.1). `template_url`, if
  /// not empty, and `auto_destroy` win over the options. S_OK: that is under way. E_INVALIDARG,
  /// NS_E_INVALID_NAME, NS_E_INVALID_REQUEST (there is a session already), or what perform() says.
  Result start(std::string_view url, std::string_view template_url = {}, bool auto_destroy = false);

  /// What the session waits for: perform() is to be called when `descriptor` is ready for one of
  /// `events`, or `deadline` passes. Both may be another after each call of the session, and the
  /// descriptor is only to be waited for.
  struct Wants {
    int descriptor = -1;                             ///< -1: only the time is waited for
    short events = 0;                                ///< POLLIN, POLLOUT or both, for poll()
    std::chrono::steady_clock::time_point deadline;  ///< time_point::max(): none
  };
  Wants wants() const;

  /// Does what can be done now. E_PENDING as long as something is under way: the setup, bytes that
  /// the kernel has not taken, a connection that is made again, the end. S_OK when all is done.
  /// What fails is the session: E_OUTOFMEMORY, NS_E_SERVER_NOT_FOUND, NS_E_PROXY_NOT_FOUND,
  /// NS_E_PUSH_CANNOTCONNECT, NS_E_CONNECTION_FAILURE, NS_E_TIMEOUT, NS_E_INCOMPATIBLE_PUSH_SERVER,
  /// NS_E_SERVER_ACCESSDENIED and what else a server's refusal means; behind end_start() what
  /// PushSink::EndSession returns.
  Result perform();

  /// The next bytes of muxed ASF, in pieces of any size. All of it is taken, or nothing: E_PENDING
  /// before the session is set up, and while queue_size bytes wait for the network (64 KiB unless
  /// it is set). With congestion=drop packets are left out instead. NS_E_INVALID_DATA, or what
  /// perform() says.
  Result write(std::span<const std::byte> asf);
  /// An ASF Header Object with the first 50 bytes of the Data Object ($H, 3.1.4.2), as write().
  Result on_header(std::span<const std::byte> header);
  /// One ASF data packet of at most 65535 bytes ($D, 3.1.4.3), as write().
  Result on_data_unit(std::span<const std::byte> packet);
  /// No more data follows. NS_E_INVALID_DATA when the bytes given to write() end inside a header or
  /// a packet.
  Result on_end_writing();

  /// Begins to end the session: the end-of-stream follows what waits, and perform() says what came
  /// of it. `reason`: S_OK, or the failure for which the stream is broken off. NS_E_NOCONNECTION,
  /// NS_E_INVALID_REQUEST (no header was sent), E_INVALIDARG (a reason that is no failure).
  Result end_start(Result reason = Result::S_OK);

  /// Closes the connection without an end-of-stream; S_FALSE when there was none.
  Result disconnect();
  /// Gives up what is under way: NS_E_SHUTDOWN. S_OK, where an end had been taken already.
  Result cancel();

  /// The first failure of the session; result S_OK when there was none.
  const Error& last_error() const;
  wmpush_stats stats() const;
  /// Filled in once the session is set up: stats() says WMPUSH_STATE_READY.
  const PublishingPointInfo& publishing_point() const;

 private:
  std::unique_ptr<Session> session_;
};

}  // namespace wmpush
