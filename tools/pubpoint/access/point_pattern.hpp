// Which publishing points something is for: "/live", "/studio/*" or "*".
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

namespace wmpush::pubpoint {

class PointPattern {
 public:
  /// A path, or the beginning of one with '*' behind it; what has no '/' in front gets one, but for
  /// "*" alone. Returns an empty text, or one line that says what is wrong.
  static std::string parse(std::string_view text, PointPattern& pattern);

  /// `point` is a path, percent-decoded.
  bool matches(std::string_view point) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_ = "*";
};

}  // namespace wmpush::pubpoint
