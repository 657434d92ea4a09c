// What a push session is to do, for the engine.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wmhttp/authenticator.hpp"
#include "wmhttp/recovery.hpp"
#include "wmhttp/route.hpp"
#include "wmhttp/session_id.hpp"

namespace wmpush::wmhttp {

struct EngineConfig {
  std::string target;                  ///< path and query, verbatim
  Destination server;                  ///< the publishing point's
  std::optional<Destination> proxy{};  ///< every request goes to it; none: to the server
  std::string user_agent;              ///< whole value of the User-Agent header
  std::string setup_body;              ///< what push_setup_body() made
  bool strict_server = true;           ///< a server that is neither Cougar nor Rex is refused
  /// Value of X-Accept-Authentication: the schemes that can be done, without Basic.
  std::string authentication_schemes;
  Authenticator* server_authenticator = nullptr;  ///< answers 401; borrowed, null: nobody does
  Authenticator* proxy_authenticator = nullptr;   ///< answers 407; borrowed, null: nobody does
  bool allow_305 = false;                         ///< a 305 may name a proxy
  std::int64_t content_length = 0;                ///< of each PushStart; 0 = by the protocol's rule
  Duration response_timeout{};
  Duration send_timeout{};
  Duration end_timeout{};
  Duration rollover_timeout{};
  bool strict_end = true;  ///< an error answer behind the $E is a failure
  bool reconnect = false;  ///< a connection that is lost in mid stream is made again
  Resume resume = Resume::Auto;
  Duration reconnect_delay_max{};          ///< the longest wait between two tries
  std::int64_t reconnect_max_retries = 0;  ///< tries in a row; 0 = no limit
  std::uint32_t jitter_seed = 1;           ///< of the waits: each pusher is to have its own
};

}  // namespace wmpush::wmhttp
