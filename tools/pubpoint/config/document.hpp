// A configuration file as it is written, without knowing what it means.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wmpush::pubpoint {

struct Value {
  /// Nothing where it is of a type that no key takes.
  std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>> what{};
  std::string type{};  ///< "a whole number", "a date"
};

/// A key with its value, or the beginning of a table.
struct Entry {
  std::string table;      ///< empty: at the top
  std::string key;        ///< empty: the table begins
  bool repeated = false;  ///< the table is one of several: [[table]]
  Value value;
  unsigned line = 0;
  unsigned column = 0;

  std::string place() const;  ///< "line 3, column 7"
};

/// Reads TOML, in the order in which it is written. Returns an empty text, or "line 3, column 7: "
/// and what is wrong. A table in a table is an entry whose value has no type that is known.
std::string read_document(std::string_view text, std::vector<Entry>& entries);

}  // namespace wmpush::pubpoint
