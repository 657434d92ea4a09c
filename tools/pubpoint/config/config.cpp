#include "pubpoint/config/config.hpp"

#include <algorithm>
#include <set>

#include "core/edit_distance.hpp"

namespace wmpush::pubpoint {
namespace {

std::string did_you_mean(const std::string& word, const std::set<std::string>& names) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& name : names) {
    const std::size_t away = edit_distance(word, name);
    if (away >= least || away >= name.size()) continue;
    least = away;
    best = name;
  }
  if (!best.empty()) return ": did you mean '" + best + "'?";
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return "; there are " + all;
}

std::set<std::string> tables() {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys())
    if (!key.table.empty()) names.insert(key.table);
  return names;
}

std::set<std::string> names_in(const std::string& table) {
  std::set<std::string> names;
  for (const ConfigKey& key : config_keys())
    if (key.table == table) names.insert(key.name);
  return names;
}

std::string in_brackets(const std::string& table) {
  return table == "point" ? "[[point]]" : "[" + table + "]";
}

/// "access.users", "listen"
std::string full_name(std::string name, const std::string& key) {
  if (!name.empty()) name += '.';
  name += key;
  return name;
}

class ConfigReader {
 public:
  explicit ConfigReader(Config& config) : config_(config) {}

  /// What is wrong with the entry; empty when nothing is.
  std::string take(const Entry& entry) {
    if (entry.key.empty()) return begin_table(entry);
    const auto keys = config_keys();
    const auto found = std::ranges::find_if(keys, [&](const ConfigKey& key) {
      return key.table == entry.table && key.name == entry.key;
    });
    if (found == keys.end()) return unknown(entry);
    if (found->table == "point" && found->name == "name") point_is_named_ = true;
    const std::string wrong = found->take(config_, entry.value);
    if (!wrong.empty()) return full_name(found->table, found->name) + wrong;
    given_.insert(full_name(found->table, found->name));
    return {};
  }

  std::string finish() const {
    if (!point_is_named_) return last_point_ + ": a [[point]] needs a name";
    for (const std::string& name : given_)
      if (name.starts_with("record.") && config_.settings.record.empty() &&
          !given_.contains("record.directory"))
        return config_.source(name, {}) + " needs a directory in [record]";
    return {};
  }

  void note_place(const Entry& entry, const std::string& place) {
    if (entry.table == "point") last_point_ = place;
  }
  bool has_unnamed_point() const { return !point_is_named_; }

 private:
  std::string begin_table(const Entry& entry) {
    const auto names = tables();
    if (!names.contains(entry.table))
      return "there is no table [" + entry.table + "]" + did_you_mean(entry.table, names);
    if ((entry.table == "point") != entry.repeated)
      return "[" + entry.table + "] is written " + in_brackets(entry.table) + " here";
    if (entry.table != "point") return {};
    if (!std::exchange(has_points_, true)) {
      config_.settings.points.clear();
      config_.relays.clear();
      config_.origins.clear();
    }
    config_.settings.points.emplace_back();  // until it is named
    point_is_named_ = false;
    return {};
  }

  static std::string unknown(const Entry& entry) {
    const std::string where = entry.table.empty() ? "outside tables" : in_brackets(entry.table);
    // What is in a table may have been written without it.
    if (entry.table.empty() && tables().contains(entry.key))
      return "'" + entry.key + "' is a table: write " + in_brackets(entry.key);
    return "there is no key '" + entry.key + "' " + (entry.table.empty() ? "" : "in ") + where +
           did_you_mean(entry.key, names_in(entry.table));
  }

  Config& config_;
  std::set<std::string> given_;
  std::string last_point_;
  bool has_points_ = false;
  bool point_is_named_ = true;
};

}  // namespace

std::string Config::source(std::string_view key, std::string_view flag) const {
  const auto place = places.find(key);
  if (place == places.end()) return std::string(flag);
  return place->second + ": " + std::string(key);
}

std::string read_config(std::string_view text, const std::string& file, Config& config) {
  std::vector<Entry> entries;
  if (const std::string wrong = read_document(text, entries); !wrong.empty())
    return file + ": " + wrong;
  Config read = config;
  ConfigReader reader(read);
  for (const Entry& entry : entries) {
    const std::string place = file + ": " + entry.place();
    if (entry.key.empty() && reader.has_unnamed_point()) break;
    if (const std::string wrong = reader.take(entry); !wrong.empty()) return place + ": " + wrong;
    reader.note_place(entry, place);
    if (!entry.key.empty()) read.places[full_name(entry.table, entry.key)] = place;
  }
  if (std::string wrong = reader.finish(); !wrong.empty()) return wrong;
  config = std::move(read);
  return {};
}

std::string config_example() {
  std::string text =
      "# What `wmpush serve --config FILE` reads. Each line that is commented out has the "
      "default;\n"
      "# a flag of the command line wins over the line here. `wmpush serve --check --config FILE`\n"
      "# says whether all is well. After `kill -HUP` (or `systemctl reload`) [access], [limits],\n"
      "# [hooks], takeover, [log] and the certificate are read again, and nobody is dropped. "
      "Names\n"
      "# of files count from the folder of this one.\n";
  const Config defaults;
  std::string table;
  for (const ConfigKey& key : config_keys()) {
    if (key.table != table) {
      table = key.table;
      text += "\n";
      if (table == "point") text += "# Once for each publishing point:\n#";
      text += in_brackets(table) + "\n";
    } else {
      text += table.empty() ? "\n" : "";
    }
    text +=
        "# " + key.help + " (" + key.type + ")\n#" + key.name + " = " + key.show(defaults) + "\n";
  }
  return text;
}

}  // namespace wmpush::pubpoint
