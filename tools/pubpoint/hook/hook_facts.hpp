// What a hook is told of what has happened.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pubpoint/web/json.hpp"

namespace wmpush::pubpoint {

/// An object of JSON, of which a program finds the texts in its environment as well: "user_agent"
/// is WMPUSH_USER_AGENT there.
class HookFacts {
 public:
  /// `event`: "push", "push_end", "watch", "record".
  explicit HookFacts(std::string_view event) { add("event", event); }

  HookFacts& add(std::string_view name, std::string_view text);
  HookFacts& add(std::string_view name, std::uint64_t number) {
    json_.add(name, number);
    return *this;
  }
  HookFacts& add(std::string_view name, std::chrono::microseconds time) {
    json_.add(name, time);
    return *this;
  }
  /// In the JSON only, and as it is: an environment can be looked at by others.
  HookFacts& add_secret(std::string_view name, std::string_view text) {
    json_.add_unmasked(name, text);
    return *this;
  }

  /// On one line, which ends.
  std::string json() const { return json_.text() + "\n"; }
  /// "WMPUSH_POINT=/live" and so on.
  const std::vector<std::string>& environment() const { return environment_; }

 private:
  JsonObject json_;
  std::vector<std::string> environment_;
};

}  // namespace wmpush::pubpoint
