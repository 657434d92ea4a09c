// The one way by which a line of text leaves the library.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wmpush/result.hpp"

namespace wmpush {

/// Hands lines to the program's callback and keeps secrets out of them.
class Log {
 public:
  Log() = default;
  Log(wmpush_log_callback callback, void* opaque) : callback_(callback), opaque_(opaque) {}

  /// From now on `text` is replaced by "***" wherever it occurs. Texts of fewer than three
  /// characters are not: they would mask half of every line and are no secret worth the name.
  void hide(std::string_view text);

  /// `text` as one printable line: secrets masked, those that are known and those that look like
  /// one (mask_secrets()), what is not printable() made visible as \xNN, at most 1000 bytes.
  std::string line(std::string_view text) const;

  /// Where there is no memory for the line, it says that. What the callback throws stops here.
  void write(wmpush_log_level level, std::string_view text) const noexcept;

 private:
  wmpush_log_callback callback_ = nullptr;
  void* opaque_ = nullptr;
  std::vector<std::string> secrets_;
};

}  // namespace wmpush
