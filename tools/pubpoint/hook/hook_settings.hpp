// What of others is asked and told when something happens at a publishing point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>

namespace wmpush::pubpoint {

/// Each hook is empty (none), an http:// or https:// URL that JSON is posted to, or a program with
/// its arguments, with blanks between, that gets the same JSON on its standard input.
struct HookSettings {
  std::string on_push{};                           ///< a push was asked for: asked
  std::string on_push_end{};                       ///< it is over: told
  std::string on_watch{};                          ///< somebody wants to watch: asked
  std::string on_record{};                         ///< a recording is finished: told
  std::chrono::milliseconds timeout{5000};         ///< of a question, with the wait for its turn
  std::chrono::milliseconds tell_timeout{60'000};  ///< of what is told, from its start on
  std::size_t at_once = 32;                        ///< calls that are under way at the same time
  std::size_t queue = 1024;  ///< questions that wait for their turn, and what is to be told, each;
                             ///< beyond that a call fails
  std::filesystem::path folder{};  ///< programs whose names are relative count from it

  bool operator==(const HookSettings&) const = default;
};

/// Empty when `hook` can be called: otherwise one line that says why not. A program has to be
/// there, in `folder` where its name has a '/' and is relative.
std::string check_hook(const std::string& hook, const std::filesystem::path& folder = {});

}  // namespace wmpush::pubpoint
