#include "pubpoint/config/document.hpp"

// A file that is broken is told of, and ends nobody: some of what the parser asserts, such as what
// follows a '[', is what people write.
#define TOML_ASSERT(condition) static_cast<void>(0)
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

namespace wmpush::pubpoint {
namespace {

using Place = toml::source_position;

std::string text_of(const Place& place) {
  return "line " + std::to_string(place.line) + ", column " + std::to_string(place.column);
}

Value value_of(const toml::node& node) {
  if (const auto* flag = node.as_boolean()) return {flag->get(), "true or false"};
  if (const auto* number = node.as_integer()) return {number->get(), "a whole number"};
  if (const auto* text = node.as_string()) return {text->get(), "a text"};
  if (node.is_floating_point()) return {{}, "a number with a fraction"};
  if (node.is_table()) return {{}, "a table"};
  if (const auto* list = node.as_array()) {
    std::vector<std::string> texts;
    for (const toml::node& one : *list) {
      if (!one.is_string()) return {{}, "a list of other things"};
      texts.push_back(one.as_string()->get());
    }
    return {std::move(texts), "a list of texts"};
  }
  return {{}, "a date or time"};
}

class Reader {
 public:
  explicit Reader(std::vector<Entry>& entries) : entries_(entries) {}

  void read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string name(key.str());
      if (const auto* table = node.as_table()) {
        read_table(name, *table, false, key.source().begin);
      } else if (const auto* list = node.as_array(); list != nullptr && is_tables(*list)) {
        for (const toml::node& one : *list)
          read_table(name, *one.as_table(), true, one.source().begin);
      } else {
        add({{}, name, false, value_of(node), 0, 0}, key.source().begin);
      }
    }
  }

 private:
  static bool is_tables(const toml::array& list) {
    return !list.empty() &&
           std::ranges::all_of(list, [](const toml::node& one) { return one.is_table(); });
  }

  void read_table(const std::string& name, const toml::table& table, bool repeated,
                  const Place& place) {
    add({name, {}, repeated, {}, 0, 0}, place);
    for (const auto& [key, node] : table)
      add({name, std::string(key.str()), repeated, value_of(node), 0, 0}, key.source().begin);
  }

  void add(Entry entry, const Place& place) {
    entry.line = place.line;
    entry.column = place.column;
    entries_.push_back(std::move(entry));
  }

  std::vector<Entry>& entries_;
};

}  // namespace

std::string Entry::place() const { return text_of({line, column}); }

std::string read_document(std::string_view text, std::vector<Entry>& entries) {
  entries.clear();
  try {
    Reader(entries).read(toml::parse(text));
    // The library has them by name. A table begins in front of what is in it.
    std::ranges::stable_sort(entries, {}, [](const Entry& entry) {
      return std::tuple(entry.line, entry.column, !entry.key.empty());
    });
  } catch (const toml::parse_error& error) {
    return text_of(error.source().begin) + ": " + std::string(error.description());
  }
  return {};
}

}  // namespace wmpush::pubpoint
