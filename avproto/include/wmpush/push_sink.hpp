// wmpush: the C++ interface, IWMWriterPushSink on a Linux machine.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "push_session.hpp"
#include "result.hpp"
#include "wmpush.h"

namespace wmpush {

/// What answered ask_server_name(), in part also when something failed.
struct ServerName {
  std::string server;          ///< Server header; empty: none
  std::string status;          ///< "405 Method Not Allowed": it has no meaning here
  std::string address;         ///< address and port of the connection
  bool through_proxy = false;  ///< `address` is that of a proxy, not of the server
  std::chrono::microseconds took{0};
};

/// Connects to the host of `url` by the way that a push would take, and sends an OPTIONS, which
/// starts nothing anywhere: what a PushSetup would do to some receivers. Timeouts, proxy and
/// interrupt are those of `options`. E_INVALIDARG, NS_E_INVALID_NAME, NS_E_SERVER_NOT_FOUND,
/// NS_E_PROXY_NOT_FOUND, NS_E_PUSH_CANNOTCONNECT, NS_E_CONNECTION_FAILURE, NS_E_TIMEOUT,
/// NS_E_SHUTDOWN, NS_E_INCOMPATIBLE_PUSH_SERVER. Throws std::bad_alloc.
WMPUSH_API Error ask_server_name(std::string_view url, const wmpush_options& options,
                                 ServerName& name);

/// A push session, as a blocking loop over what PushSession does. One thread at a time; no threads
/// of its own but for name resolution and Kerberos. Every call blocks until the kernel has the
/// bytes, within the deadlines of the options. A failed call leaves its reason in last_error();
/// once a session has failed, what is sent afterwards fails too.
///
/// Only the constructors throw, std::bad_alloc. Where a call finds no memory it returns
/// E_OUTOFMEMORY and the session has failed for good: no call returns S_OK before the next Connect.
/// The same goes, with E_FAIL, for what the interrupt callback throws; what the log callback throws
/// is dropped.
class WMPUSH_API PushSink {
 public:
  /// Copies the options. The callbacks must stay valid as long as the sink.
  explicit PushSink(const wmpush_options& options);
  PushSink();
  ~PushSink();
  PushSink(PushSink&&) noexcept;
  PushSink& operator=(PushSink&&) noexcept;

  /// Connects and sets the session up (PushSetup, MS-WMHTTP 3.1.4.1). `template_url`, if not empty,
  /// and `auto_destroy` win over the options.
  Result Connect(std::string_view url, std::string_view template_url = {},
                 bool auto_destroy = false);

  /// An ASF Header Object with the first 50 bytes of the Data Object: the first one starts the
  /// stream ($H, 3.1.4.2). NS_E_INVALID_REQUEST before Connect.
  Result OnHeader(std::span<const std::byte> header);

  /// One ASF data packet of at most 65535 bytes ($D, 3.1.4.3).
  Result OnDataUnit(std::span<const std::byte> packet);
  /// Several of them, in order, which leave together: for a source that has them at once, such as a
  /// file. Those before one that is refused are sent.
  Result OnDataUnits(std::span<const std::span<const std::byte>> packets);

  /// No more data follows. NS_E_INVALID_DATA when the bytes given to write() end inside a header or
  /// a packet.
  Result OnEndWriting();

  /// Sends the end-of-stream and waits until it was taken (3.1.4.4). S_OK, NS_E_CONNECTION_FAILURE
  /// or NS_E_NOCONNECTION; NS_E_INVALID_REQUEST when no header was sent; NS_E_SHUTDOWN when
  /// interrupted; E_OUTOFMEMORY; NS_E_INVALID_DATA
  /// when what write() got was broken or cut off, which the server is then told. Afterwards there
  /// is no connection, but for NS_E_INVALID_REQUEST, which changes nothing.
  Result EndSession();

  /// Tells the server that the stream ended early, and why: an $E whose Reason is `reason`, a
  /// failure. Returns what EndSession would.
  Result AbortSession(Result reason);

  /// Closes the connection without an end-of-stream; S_FALSE when there was none.
  Result Disconnect();

  /// The next bytes of muxed ASF, in pieces of any size. An empty piece only looks for what the
  /// server may have said meanwhile.
  Result write(std::span<const std::byte> asf);

  /// Waits until `until` and no longer, and returns earlier only when the connection is lost, the
  /// server objects or the caller interrupts. A connection that was lost is made again meanwhile;
  /// where that is not done in time, the next call goes on with it.
  Result wait_until(std::chrono::steady_clock::time_point until);

  /// The first failure of the session; result S_OK when there was none.
  const Error& last_error() const;
  wmpush_stats stats() const;
  /// Filled in once Connect has succeeded.
  const PublishingPointInfo& publishing_point() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace wmpush
