// Tokens in the forms of a page, by which a form of this server is told from one of another site.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pubpoint/access/token.hpp"
#include "pubpoint/clock.hpp"

namespace wmpush::pubpoint {

/// Each is for one user, and is good until it expires or the server ends: it is signed with a key
/// that nobody else ever has.
class FormTokens {
 public:
  /// `lifetime`: of each token.
  explicit FormTokens(std::chrono::seconds lifetime = std::chrono::hours(1));

  /// Empty when OpenSSL refuses to make one: no form will do then.
  std::string make(std::string_view user, Clock::time_point now) const;
  TokenCheck check(std::string_view token, std::string_view user, Clock::time_point now) const;

 private:
  const std::chrono::seconds lifetime_;
  const std::string key_;
};

}  // namespace wmpush::pubpoint
