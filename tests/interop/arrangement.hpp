// The proxies that pushes are tried through, each as its users have it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "interop/proxy.hpp"

namespace wmpush::test {

struct Arrangement {
  std::string name;      ///< a word: "nginx"
  std::string missing;   ///< the Debian package that is not installed; empty: it can be run
  bool forward = false;  ///< the client is told of it (http_proxy); else it stands for the server
  bool shows_itself = false;  ///< by Via: the client knows of a proxy
  /// Whether what a server answers before the end of a request reaches the client at once.
  bool passes_early_answers = true;
  /// Starts it with its files in this folder, in front of the publishing point on this port (for a
  /// forward proxy that does not matter).
  std::function<std::unique_ptr<Proxy>(const std::filesystem::path& folder, std::uint16_t origin)>
      start;
};

inline void PrintTo(const Arrangement& arrangement, std::ostream* out) { *out << arrangement.name; }

const std::vector<Arrangement>& arrangements();

}  // namespace wmpush::test
