// What a session says: each line begins with where it pushes to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "core/log.hpp"

namespace wmpush {

class SessionLog {
 public:
  explicit SessionLog(Log log) : log_(std::move(log)) {}

  /// The URL for people, without a password; empty as long as it is not known.
  void set_place(std::string place) { place_ = std::move(place); }
  void hide(std::string_view secret) { log_.hide(secret); }

  void write(wmpush_log_level level, std::string_view text) const {
    log_.write(level, with_place(text));
  }
  /// Without the place, and without memory.
  void write_bare(wmpush_log_level level, std::string_view text) const noexcept {
    log_.write(level, text);
  }
  /// The text of a failure as it is told: with the place, secrets masked.
  std::string line(std::string_view text) const { return log_.line(with_place(text)); }

 private:
  std::string with_place(std::string_view text) const {
    return place_.empty() ? std::string(text) : place_ + ": " + std::string(text);
  }

  Log log_;
  std::string place_;
};

}  // namespace wmpush
