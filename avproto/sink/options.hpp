// The one table of options, from which the C setters, the tool's flags, the URL query, the
// wrapper's AVOptions and the documentation are made. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>

#include "wmpush/result.hpp"
#include "wmpush/wmpush.h"

namespace wmpush {

std::span<const wmpush_option_info> option_table();
/// nullptr when there is no option of that name.
const wmpush_option_info* find_option(std::string_view name);

/// Sets a member from text. A text option keeps `value`'s pointer.
Error set_option(wmpush_options& options, std::string_view name, const char* value);

/// The default in the form that set_option() takes; empty for a text.
std::string option_default(const wmpush_option_info& info);

/// Every default, with the size set. Takes no memory.
wmpush_options default_options();

/// Options that own their texts: what a session keeps once the caller's strings are gone.
class OwnedOptions {
 public:
  OwnedOptions();
  explicit OwnedOptions(const wmpush_options& options);
  OwnedOptions(const OwnedOptions&) = delete;
  OwnedOptions& operator=(const OwnedOptions&) = delete;

  Error set(std::string_view name, std::string_view value);
  /// The same for what stands in a URL: E_INVALIDARG for an option that is `not_in_url`. The
  /// message does not repeat the value.
  Error set_from_url(std::string_view name, std::string_view value);
  /// Every value within its range; E_INVALIDARG names the first that is not.
  Error check() const;

  const wmpush_options& get() const { return options_; }
  wmpush_options* operator->() { return &options_; }
  const wmpush_options* operator->() const { return &options_; }

 private:
  wmpush_options options_;
  std::deque<std::string> texts_;  // stable addresses
};

}  // namespace wmpush
