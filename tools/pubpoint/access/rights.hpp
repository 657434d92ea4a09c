// What a user may do, and on which publishing points.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/access/point_pattern.hpp"

namespace wmpush::pubpoint {

enum class Right : unsigned char { Push = 1, Watch = 2, Administer = 4 };

/// "push to", "watch", "administer": what stands before the name of a point.
std::string_view verb(Right right);

class Rights {
 public:
  Rights() = default;
  Rights(std::initializer_list<Right> rights) {
    for (const Right right : rights) add(right);
  }

  /// "push,watch,admin". Returns an empty text, or one line that says what is wrong.
  static std::string parse(std::string_view text, Rights& rights);

  void add(Right right) { mask_ |= static_cast<unsigned>(right); }
  bool has(Right right) const { return (mask_ & static_cast<unsigned>(right)) != 0; }

 private:
  unsigned mask_ = 0;
};

/// The user that stands for everybody, with a password or without one.
inline constexpr std::string_view kEverybody = "*";

struct UserGrant {
  std::string user;
  Rights rights;
  std::vector<PointPattern> points;

  /// "USER:RIGHTS:POINTS", the last two with commas between: "ali:push,watch:/live,/studio/*".
  /// Returns an empty text, or one line that says what is wrong.
  static std::string parse(std::string_view text, UserGrant& grant);
  bool allows(Right right, std::string_view point) const;
};

}  // namespace wmpush::pubpoint
