// What a hook calls: a program, or a URL.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "wmhttp/url.hpp"

namespace wmpush::pubpoint {

/// Exactly one of the two is there.
struct HookCall {
  std::vector<std::string> command;  ///< a program, with its path, and its arguments
  wmhttp::Destination server;        ///< of the URL
  std::string target;                ///< of the URL: path and query, as they were written

  bool is_url() const { return command.empty(); }

  /// Returns an empty text, or one line that says what is wrong with `text`. A program whose name
  /// has a '/' and is relative is in `folder`.
  static std::string parse(std::string_view text, HookCall& call,
                           const std::filesystem::path& folder = {});
};

}  // namespace wmpush::pubpoint
