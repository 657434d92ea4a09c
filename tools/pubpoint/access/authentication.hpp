// How those who come in have to say who they are.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace wmpush::pubpoint {

struct Authentication {
  /// One user who needs no file; empty: none. Where there are no others, everybody may watch.
  std::string user{};
  std::string password{};
  std::string realm = "publishing point";               ///< of that user; others bring their own
  std::vector<std::string> schemes{"Digest", "Basic"};  ///< that are offered, in this order
  /// Of Digest: MD5 or SHA-256 for that user, others bring their own; each also with -sess.
  std::string algorithm = "MD5";
  bool qop = true;               ///< of Digest: offers qop=auth; false: as RFC 2069 has it
  std::uint32_t nonce_uses = 0;  ///< requests for which a nonce is good; 0: any number
  std::size_t nonces = 1000;     ///< that are remembered, 1 or more
  std::chrono::seconds nonce_lifetime{300};  ///< since it was issued or last used rightly
};

/// A request that came with credentials.
struct Attempt {
  std::string scheme;
  std::string user;
  bool granted = false;
  bool stale = false;      ///< not granted because of the nonce's age alone
  bool forbidden = false;  ///< the password is right, but not for this
};

}  // namespace wmpush::pubpoint
