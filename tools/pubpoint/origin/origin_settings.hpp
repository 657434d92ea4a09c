// Where a publishing point gets from what it shows.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

struct OriginSettings {
  std::string point{};  ///< "/live"
  std::string url{};    ///< http:// or https://, of a point of another server
  /// The first wait before another try, and the longest: each is twice as long as the one before.
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{10'000};
  /// How long it goes on when nobody watches any more.
  std::chrono::milliseconds linger{10'000};

  bool operator==(const OriginSettings&) const = default;
};

/// Empty when `url` can be pulled from: otherwise one line that says why not, without a password.
std::string check_origin(std::string_view url);

}  // namespace wmpush::pubpoint
