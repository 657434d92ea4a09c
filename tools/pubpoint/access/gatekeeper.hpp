// Lets in who knows a password and has the right, by Basic or Digest.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/access/authentication.hpp"
#include "pubpoint/access/nonces.hpp"
#include "pubpoint/access/users.hpp"

namespace wmpush::pubpoint {

/// Its checks are its own: it shares nothing with the client's half but the hash functions.
class Gatekeeper {
 public:
  /// Only for the user whom the settings name, if there is one.
  explicit Gatekeeper(const Authentication& settings);
  /// For `users`, and the user whom the settings name beside them.
  Gatekeeper(Authentication settings, Users users);

  struct Admission {
    bool granted = false;
    int status = 0;          ///< of the answer when not granted: 401 or 403
    bool attempted = false;  ///< there were credentials: `attempt` tells which
    Attempt attempt;
    std::string user;       ///< whose password was right; empty: none was needed, or it was wrong
    std::string challenge;  ///< value of WWW-Authenticate for a 401
    std::string breach;     ///< what the client did against rule C22; empty: nothing
  };
  /// `authorization` is the field's value, empty when there was none; `target` is what stood in the
  /// request line, with its query, and `point` the path of the publishing point, decoded; empty:
  /// any for which the user has a grant.
  Admission admit(std::string_view authorization, std::string_view method, std::string_view target,
                  Right right, std::string_view point, Clock::time_point now);

  const Users& users() const { return users_; }

 private:
  void admit_basic(std::string_view credentials, Admission& admission) const;
  void admit_digest(std::string_view credentials, std::string_view method, std::string_view target,
                    Clock::time_point now, Admission& admission);
  /// The scheme as it is offered; empty when it is not.
  std::string offered(std::string_view scheme) const;
  std::string challenge(bool stale, Clock::time_point now);
  std::string algorithm(Hash kind) const;

  const Authentication settings_;
  const Users users_;
  const std::vector<Hash> kinds_;
  Nonces nonces_;
};

}  // namespace wmpush::pubpoint
