// Lets in who knows the password, by Basic or Digest, and remembers who tried.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/request_rules.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// Its checks are its own: it shares nothing with the client's half but the hash functions.
class Gatekeeper {
 public:
  explicit Gatekeeper(Authentication settings);

  struct Admission {
    bool granted = false;
    bool attempted = false;  ///< there were credentials: `attempt` tells which
    Attempt attempt;
    std::string challenge;  ///< value of WWW-Authenticate when not granted
    std::string breach;     ///< what the client did against rule C22; empty: nothing
  };
  /// `authorization` is the field's value, empty when there was none.
  Admission admit(std::string_view authorization, std::string_view method, std::string_view target);

 private:
  Admission admit_basic(std::string_view credentials);
  Admission admit_digest(std::string_view credentials, std::string_view method,
                         std::string_view target);
  bool offers(std::string_view scheme) const;
  std::string challenge(bool stale);
  std::string hash(std::string_view text) const;

  const Authentication settings_;
  std::map<std::string, std::uint32_t> counts_;  // nonce: the last nonce count
};

}  // namespace wmpush::pubpoint
