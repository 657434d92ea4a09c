// The names of the protocols that this object adds to libavformat.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <string_view>

namespace wmpush::preload {

inline constexpr std::array<const char*, 2> kProtocols = {"wmpush", "wmpushs"};

/// The one by which `url` goes, as in "wmpush:"; nullptr: none of them.
inline const char* push_protocol(std::string_view url) {
  const std::string_view scheme = url.substr(0, url.find(':'));
  if (scheme.size() == url.size()) return nullptr;
  for (const char* protocol : kProtocols)
    if (scheme == protocol) return protocol;
  return nullptr;
}

/// `url` may be null.
inline bool is_push_url(const char* url) { return url != nullptr && push_protocol(url) != nullptr; }

}  // namespace wmpush::preload
