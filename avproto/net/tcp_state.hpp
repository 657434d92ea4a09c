// What the system tells about a TCP connection.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

namespace wmpush::net {

struct TcpState {
  bool closed = false;  ///< no acknowledgement can come any more
  /// Bytes that the peer's largest window holds (RFC 7323): those that wait there for a program to
  /// read them, and those for which there is still room, are not more.
  std::size_t largest_window = 0;
  /// Bytes for which the peer has said that it has room; none where the system does not tell.
  std::optional<std::size_t> window;
  /// How long ago it last said so.
  std::chrono::milliseconds window_age{0};
  /// The step in which it can say so, in bytes.
  std::size_t window_step = 1;
};

/// None where the system tells nothing. `descriptor` is a TCP socket's.
std::optional<TcpState> tcp_state(int descriptor);

/// The errno that the system keeps for a socket, which it tells once; 0: none.
int pending_error(int descriptor);

}  // namespace wmpush::net
