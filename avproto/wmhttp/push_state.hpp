// The states of a push session, what brings it from one to the next, and what it wants meanwhile.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace wmpush::wmhttp {

enum class PushState : std::uint8_t {
  Idle,          ///< nothing was asked for
  Connecting,    ///< to send PushSetup
  SettingUp,     ///< PushSetup is out; its response is awaited
  Ready,         ///< the session is accepted, no PushStart yet
  Preparing,     ///< a PushStart waits for what its authenticator has to get for it
  Reconnecting,  ///< to send a PushStart on a new connection (3.1.4.2.1)
  Authorizing,   ///< a PushStart waits for the rounds that a proxy needs on a new connection
  Waiting,       ///< the connection was lost; until the next try (3.2.7.1)
  Resuming,      ///< inside a PushStart body again; what has piled up is not all out yet
  Streaming,     ///< inside a PushStart body
  RollingOver,   ///< the length is used up; the response is awaited (3.1.4.3)
  Ending,        ///< $E is out; the server's close or answer is awaited (3.1.4.4)
  Ended,         ///< over, as it should be
  Failed,        ///< over; error() says why
  Count
};

/// "streaming"; for people.
std::string_view name(PushState state);

/// What the owner of the engine has to do.
enum class PushWant : std::uint8_t {
  Nothing,
  Connect,  ///< a new connection; one that is still open is to be closed first
  Send,     ///< outgoing() is to be sent, and what comes meanwhile to be handed in
  Receive,  ///< nothing to send; what comes is to be handed in
  Wait,     ///< nothing until deadline(); what is still open is to be reset
  Consult,  ///< question() is to be asked, and nothing sent or received until answered()
  Close     ///< half-close, drain, close
};

enum class PushEvent : std::uint8_t {
  // of the program
  Start,
  Header,
  Packet,
  End,
  Disconnect,
  Abandoned,
  // of the peer
  Connected,
  ConnectFailed,
  Accepted,    // 2xx
  Redirected,  // 300 .. 304
  ProxyNamed,  // 305
  Challenged,  // 401, 407
  Refused,     // any other status
  Malformed,   // no HTTP response
  Excessive,   // more than a peer may send
  PeerClosed,
  ConnectionLost,
  Answered,  // a question that took time
  // of time, and of our own kernel
  TimedOut,
  EndOverdue,
  Drained,  // everything that was queued is sent
  Count
};

}  // namespace wmpush::wmhttp
