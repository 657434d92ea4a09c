// The nonces of Digest that are out.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pubpoint/access/recency_map.hpp"
#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

class Nonces {
 public:
  /// Each is good for `lifetime`; past `limit` of them the one used least recently is forgotten.
  Nonces(std::size_t limit, std::chrono::seconds lifetime) : lifetime_(lifetime), known_(limit) {}

  /// A new one, of 48 hexadecimal digits; empty when there is no randomness to be had.
  std::string issue(Clock::time_point now);

  struct Nonce {
    std::string secret;
    std::uint32_t count = 0;  ///< the last nonce count that was right
    Clock::time_point until;
  };
  /// Null when it was never issued, has been forgotten or is too old; valid until the next call.
  Nonce* find(std::string_view text, Clock::time_point now);
  /// It was used with the right password and count `count`. With `again` its lifetime begins anew.
  void used(std::string_view text, std::uint32_t count, bool again, Clock::time_point now);

 private:
  const std::chrono::seconds lifetime_;
  RecencyMap<Nonce> known_;  // by the part that is no secret
};

}  // namespace wmpush::pubpoint
