// What `wmpush serve` is to do: its configuration file and the flags, which win.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "arguments.hpp"
#include "listen_address.hpp"
#include "pubpoint/config/config.hpp"

namespace wmpush::tool {

/// What --once asks for.
struct OnePush {
  std::string report;                ///< file for what is said of it; empty: none
  std::chrono::seconds timeout{60};  ///< how long nothing may come
};

struct ServeSettings {
  pubpoint::Config config;  ///< with `settings` complete, but for what is called
  ListenAddress address;
  ListenAddress tls_address;
  std::optional<OnePush> once;  ///< nothing: pushes are taken until a signal comes
};

/// Reads all of it, and every file that is named in it. Returns an empty text, or one line that
/// says what cannot be followed.
std::string read_serve(const Arguments& arguments, ServeSettings& settings);

}  // namespace wmpush::tool
