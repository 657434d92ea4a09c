#include "arguments.hpp"

#include <algorithm>

#include "core/edit_distance.hpp"

namespace wmpush::tool {
namespace {

std::string with_dashes(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

const Flag* find(std::span<const Flag> flags, std::string_view name) {
  const std::string wanted = with_dashes(name);
  const auto found = std::ranges::find_if(
      flags, [&](const Flag& flag) { return with_dashes(flag.name) == wanted; });
  return found == flags.end() ? nullptr : &*found;
}

std::string unknown(std::span<const Flag> flags, std::string_view name) {
  std::vector<std::string> names;
  for (const Flag& flag : flags) names.push_back(flag.name);
  const std::string near = nearest(name, names);
  return "there is no option --" + std::string(name) +
         (near.empty() ? "; --help lists those that there are" : ": did you mean --" + near + "?");
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> names) {
  const std::string wanted = with_dashes(word);
  std::string best;
  std::size_t least = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::string candidate = with_dashes(name);
    // What was typed may also be the beginning of a longer name.
    const bool begins = wanted.size() >= 3 && candidate.starts_with(wanted);
    const std::size_t away = begins ? 1 : edit_distance(wanted, candidate);
    if (away < least && away < candidate.size()) {
      least = away;
      best = name;
    }
  }
  return best;
}

Arguments Arguments::parse(std::span<const Flag> flags, std::span<const std::string> words,
                           std::string& error) {
  Arguments parsed;
  error.clear();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") {
      parsed.operands_.insert(parsed.operands_.end(), words.begin() + std::ptrdiff_t(i) + 1,
                              words.end());
      break;
    }
    if (word.size() < 2 || word[0] != '-') {
      parsed.operands_.emplace_back(word);
      continue;
    }

    const Flag* flag = nullptr;
    std::optional<std::string> value;
    if (word[1] == '-') {
      const std::size_t equals = word.find('=');
      const std::string_view name = word.substr(2, equals == word.npos ? equals : equals - 2);
      flag = find(flags, name);
      if (equals != word.npos) value = word.substr(equals + 1);
      if (flag == nullptr) {
        error = unknown(flags, name);
        return parsed;
      }
    } else {
      const auto found = std::ranges::find_if(
          flags, [&](const Flag& known) { return word.size() == 2 && known.letter == word[1]; });
      if (found == flags.end()) {
        // "-template_url" is how ffmpeg writes it.
        flag = find(flags, word.substr(1));
        error = flag != nullptr ? "options have two dashes here: --" + flag->name
                                : "there is no option " + std::string(word.substr(0, 2)) +
                                      "; --help lists those that there are";
        return parsed;
      }
      flag = &*found;
    }

    if (flag->value.empty() && value) {
      error = "--" + flag->name + " takes no value";
      return parsed;
    }
    if (!flag->value.empty() && !value) {
      if (i + 1 == words.size()) {
        error = "--" + flag->name + " needs a value: --" + flag->name + " " + flag->value;
        return parsed;
      }
      value = words[++i];
    }
    if (!flag->repeatable && !flag->value.empty() && parsed.has(flag->name)) {
      error = "--" + flag->name + " is given twice";
      return parsed;
    }
    parsed.options_.emplace_back(flag->name, value.value_or(""));
  }
  return parsed;
}

bool Arguments::has(std::string_view name) const { return value(name).has_value(); }

std::optional<std::string> Arguments::value(std::string_view name) const {
  for (auto option = options_.rbegin(); option != options_.rend(); ++option)
    if (option->first == name) return option->second;
  return std::nullopt;
}

std::vector<std::string> Arguments::values(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [option, text] : options_)
    if (option == name) found.push_back(text);
  return found;
}

}  // namespace wmpush::tool
