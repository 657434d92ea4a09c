// The command line: names, values and operands, without knowing what they mean.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wmpush::tool {

/// An option that a subcommand knows.
struct Flag {
  std::string name;         ///< "template_url"; dashes and underscores mean the same
  std::string value;        ///< what its value is called in the help; empty: it takes none
  std::string help;         ///< one line
  char letter = '\0';       ///< the short form, -h; 0 = none
  bool repeatable = false;  ///< may be given more than once
};

/// A command line taken apart. `--name value` and `--name=value` are the same; `--` ends the
/// options; `-` is an operand.
class Arguments {
 public:
  /// `error` is empty on success, else one line that names the remedy.
  static Arguments parse(std::span<const Flag> flags, std::span<const std::string> words,
                         std::string& error);

  bool has(std::string_view name) const;
  /// The value given last; nothing when the option was not given.
  std::optional<std::string> value(std::string_view name) const;
  std::vector<std::string> values(std::string_view name) const;

  /// In the order in which they came; names as in the Flag.
  const std::vector<std::pair<std::string, std::string>>& options() const { return options_; }
  const std::vector<std::string>& operands() const { return operands_; }

 private:
  std::vector<std::pair<std::string, std::string>> options_;
  std::vector<std::string> operands_;
};

/// The one of `names` that was probably meant by `word`; empty when none is near.
std::string nearest(std::string_view word, std::span<const std::string> names);

}  // namespace wmpush::tool
