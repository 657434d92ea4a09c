// The library's options, as flags of the command.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.hpp"
#include "wmpush/result.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::tool {

/// wmpush_options together with the texts that it points to.
class PushOptions {
 public:
  PushOptions() { wmpush_options_init(&options_); }
  PushOptions(const PushOptions&) = delete;
  PushOptions& operator=(const PushOptions&) = delete;

  /// One flag for each row of the library's table.
  static std::vector<Flag> flags();

  /// Takes the options of the library out of a command line.
  Error take(const Arguments& arguments);

  wmpush_options* operator->() { return &options_; }
  const wmpush_options& get() const { return options_; }

 private:
  wmpush_options options_{};
  std::deque<std::string> texts_;
};

/// "10 s", "1500 ms", "0 bytes", "1": a number in the unit of an option, for people.
std::string option_value_text(const wmpush_option_info& info, std::int64_t value);

}  // namespace wmpush::tool
