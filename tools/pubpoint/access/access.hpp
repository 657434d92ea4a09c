// Decides of each request whether it is let in: by address, token, password and right.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pubpoint/access/access_settings.hpp"
#include "pubpoint/access/gatekeeper.hpp"
#include "pubpoint/access/throttle.hpp"

namespace wmpush::pubpoint {

struct AccessRequest {
  Right right = Right::Push;
  std::string_view method{};
  std::string_view target{};         ///< as it stood in the request line, with its query
  std::string_view authorization{};  ///< the field's value; empty: there was none
  std::string_view address{};        ///< of the peer, a literal without a port
  std::string_view point{};          ///< path of the publishing point, percent-decoded; empty: any
};

struct AccessDecision {
  bool granted = false;
  int status = 0;                      ///< of the answer when not granted: 401 or 403
  std::string challenge{};             ///< value of WWW-Authenticate for a 401
  std::chrono::milliseconds delay{0};  ///< for which the answer waits
  std::string user{};                  ///< whose password was right; empty: none was needed
  bool attempted = false;              ///< there were credentials: `attempt` tells which
  Attempt attempt{};
  std::string breach{};   ///< what the client did against rule C22; empty: nothing
  std::string because{};  ///< a line for the log; empty: nothing that anybody need know
};

class Access {
 public:
  /// With a key of tokens who watches needs one, or a password. Otherwise everybody may watch where
  /// the only user is the one of `authentication` and there are no grants.
  Access(AccessSettings settings, const Authentication& authentication);

  AccessDecision decide(const AccessRequest& request, Clock::time_point now,
                        std::chrono::system_clock::time_point wall_clock);
  const Users& users() const { return gatekeeper_.users(); }

  /// Everybody may watch that point: without a password or a token, and from everywhere.
  bool is_open_to_all(std::string_view point) const;

 private:
  bool admits_address(const AccessRequest& request) const;

  const AccessSettings settings_;
  Gatekeeper gatekeeper_;
  Throttle throttle_;
};

}  // namespace wmpush::pubpoint
