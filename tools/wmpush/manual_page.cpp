#include "manual_page.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "pubpoint/config/config.hpp"
#include "push_options.hpp"
#include "roff.hpp"

namespace wmpush::tool {
namespace {

constexpr std::string_view kMark = ".\\\" generated ";

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string title(const std::string& name, const ManualEdition& edition) {
  return ".TH " + in_capitals(roff_text(name)) + " 1 " + edition.date + " \"wmpush " +
         edition.version + "\" \"User Commands\"\n";
}

std::string flag_entry(const Flag& flag) {
  std::string text = ".TP\n";
  if (flag.letter != '\0') text += std::string("\\fB\\-") + flag.letter + "\\fR, ";
  text += "\\fB\\-\\-" + flag.name + "\\fR";
  if (!flag.value.empty()) text += " " + roff_usage(flag.value);
  const bool says_so = flag.help.find("repeated") != std::string::npos;
  return text + "\n" +
         roff_filled(flag.help + (flag.repeatable && !says_so ? "; may be repeated." : "."));
}

std::string commands_part() {
  std::string text;
  for (const Command& command : commands())
    text += ".TP\n.BR wmpush\\-" + command.name + " (1)\n" + roff_text(command.summary) + "\n";
  return text;
}

std::string options_part() {
  std::string text;
  for (const Flag& flag : PushOptions::flags()) text += flag_entry(flag);
  return text;
}

std::string keys_part() {
  std::string text;
  std::string table;
  for (const pubpoint::ConfigKey& key : pubpoint::config_keys()) {
    if (key.table != table) {
      table = key.table;
      text += ".SS " +
              (table == "point" ? "[[point]], once for each publishing point"
                                : "[" + roff_text(table) + "]") +
              "\n";
    }
    text += ".TP\n.B " + key.name + "\n";
    const std::string usual =
        table == "point" ? "" : " Default: " + key.show(pubpoint::Config{}) + ".";
    text += roff_filled(key.help + ": " + key.type + "." + usual);
  }
  return text;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

std::string command_page(const Command& command, const ManualEdition& edition,
                         std::string_view more) {
  const std::string name = "wmpush-" + command.name;
  std::string text = title(name, edition);
  text += ".SH NAME\nwmpush\\-" + command.name + " \\- " + roff_text(command.summary) + "\n";
  text += ".SH SYNOPSIS\n";
  for (std::size_t i = 0; i < command.usage.size(); ++i) {
    if (i > 0) text += ".br\n";
    text += "\\fBwmpush " + command.name + "\\fR " + roff_usage(command.usage[i]) + "\n";
  }
  text += ".SH DESCRIPTION\n" + roff_paragraphs(command.about) + ".SH OPTIONS\n";
  text += "In names of options \\- and _ mean the same.\n";
  for (const Flag& flag : command.flags) text += flag_entry(flag);
  text += flag_entry({"help", "", "a summary of this page", 'h'});
  if (command.push_options)
    text +=
        ".PP\nThe options of a push, with \\-\\- in front of the name, are in\n"
        ".BR wmpush (1).\n";
  text += more;
  text += ".SH EXIT STATUS\n";
  text += roff_filled(
      "0 is success, and 1 that what the command is for failed, unless this page says otherwise "
      "above; 2 is a command line that is not valid. After a failure the last line on standard "
      "error says what happened.");
  text += ".SH EXAMPLES\n" + roff_lines(command.examples);
  text += ".SH SEE ALSO\n.BR wmpush (1)";
  for (const Command& other : commands())
    if (other.name != command.name) text += ",\n.BR wmpush\\-" + other.name + " (1)";
  return text + ",\n.BR ffmpeg\\-wmpush (1),\n.BR wmpush.toml (5)\n";
}

std::string fill_page(std::string_view page, const ManualEdition& edition, std::string& error) {
  error.clear();
  std::istringstream lines{std::string(page)};
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(kMark)) {
      text += line + "\n";
      continue;
    }
    const std::string part = line.substr(kMark.size());
    if (part == "commands")
      text += commands_part();
    else if (part == "options")
      text += options_part();
    else if (part == "keys")
      text += keys_part();
    else
      error =
          "there is no part '" + part + "' that can be generated: commands, options and keys are";
  }
  replace_all(text, "@version@", edition.version);
  replace_all(text, "@date@", edition.date);
  return text;
}

}  // namespace wmpush::tool
