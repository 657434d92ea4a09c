// Where a publishing point pushes on what it receives.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

struct RelaySettings {
  std::string point{};  ///< "/live"
  std::string url{};    ///< as `wmpush send` takes it, with options in its query
  /// The first wait before another try where the next server does not take the push, and the
  /// longest: each is twice as long as the one before.
  std::chrono::milliseconds first_delay{500};
  std::chrono::milliseconds longest_delay{10'000};

  bool operator==(const RelaySettings&) const = default;
};

/// Empty when `url` can be pushed to: otherwise one line that says why not, without a password.
std::string check_relay(std::string_view url);

/// Whether `url` is of `point` on the server that listens at `host` and `port` (0: not known yet):
/// what goes there comes back.
bool leads_to(std::string_view url, std::string_view host, std::uint16_t port,
              std::string_view point);

}  // namespace wmpush::pubpoint
