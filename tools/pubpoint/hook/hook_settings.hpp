// What of others is asked and told when something happens at a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// Each hook is empty (none), an http:// or https:// URL that JSON is posted to, or a program with
/// its arguments, with blanks between, that gets the same JSON on its standard input.
struct HookSettings {
  std::string on_push{};                    ///< a push was asked for: asked
  std::string on_push_end{};                ///< it is over: told
  std::string on_watch{};                   ///< somebody wants to watch: asked
  std::string on_record{};                  ///< a recording is finished: told
  std::chrono::milliseconds timeout{5000};  ///< for which an answer is waited for
  std::size_t at_once = 32;                 ///< calls that are under way at the same time
  std::size_t queue = 1024;  ///< calls that wait for their turn; beyond that they fail

  bool operator==(const HookSettings&) const = default;
};

/// Whether a hook is a URL, and not a program.
bool is_hook_url(std::string_view hook);

/// Empty when `hook` can be called: otherwise one line that says why not. A program has to be
/// there.
std::string check_hook(const std::string& hook);

}  // namespace wmpush::pubpoint
