#include "help.hpp"

#include <sstream>

#include "push_options.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::tool {
namespace {

constexpr std::size_t kColumns = 79;

std::string flag_help(const Flag& flag) {
  std::string head = "  --" + flag.name;
  if (flag.letter != '\0') head = std::string("  -") + flag.letter + ", --" + flag.name;
  if (!flag.value.empty()) head += " " + flag.value;
  return head + "\n" + indented(flag.help, 8);
}

}  // namespace

std::string indented(const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string line;
  std::string out;
  const std::string margin(indent, ' ');
  for (std::string word; words >> word;) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > kColumns) {
      out += margin + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out + margin + line + "\n";
}

std::vector<Flag> Command::all_flags() const {
  std::vector<Flag> all = flags;
  if (push_options) {
    const std::vector<Flag> library = PushOptions::flags();
    all.insert(all.end(), library.begin(), library.end());
  }
  all.push_back({"help", "", "this text", 'h'});
  return all;
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all{send_command(),  serve_command(),  probe_command(),
                                        check_command(), doctor_command(), token_command()};
  return all;
}

std::string overall_help() {
  std::string text =
      "wmpush pushes live ASF (Windows Media) streams to publishing points.\n\n"
      "Usage:\n";
  for (const Command& command : commands())
    for (const std::string& usage : command.usage)
      text += "  wmpush " + command.name + " " + usage + "\n";
  text +=
      "  wmpush help [COMMAND]\n"
      "  wmpush --version\n\nCommands:\n";
  for (const Command& command : commands())
    text +=
        "  " + command.name + std::string(8 - command.name.size(), ' ') + command.summary + "\n";
  text +=
      "\nA URL is wmpush://[USER@]HOST[:PORT]/PUBLISHING-POINT; the usual port is 80.\n"
      "wmpushs:// is the same over TLS; the usual port is 443.\n"
      "Passwords are best given in the environment (WMPUSH_PASSWORD) or in a file\n"
      "(--password_file): other users of the machine can see a command line.\n\n"
      "Examples:\n";
  for (const Command& command : commands()) text += command.examples;
  text +=
      "\nExit status: 0 success, 1 the push (or what the command is for) failed, 2 bad\n"
      "usage. After a failure the last line on standard error says what happened and\n"
      "ends with the name and value of the result.\n"
      "'wmpush COMMAND --help' explains a command and its options.\n";
  return text;
}

std::string command_help(const Command& command) {
  std::string text = "wmpush " + command.name + ": " + command.summary + "\n\nUsage:\n";
  for (const std::string& usage : command.usage)
    text += "  wmpush " + command.name + " " + usage + "\n";
  text += "\n" + command.about + "\nOptions:\n";
  for (const Flag& flag : command.flags) text += flag_help(flag);
  text += flag_help({"help", "", "this text", 'h'});
  if (command.push_options) {
    text +=
        "\nOptions of the push (in names, - and _ mean the same; a DURATION is a number\n"
        "of seconds, 1500ms, or MM:SS; each can also stand in the query of the URL):\n";
    for (const Flag& flag : PushOptions::flags()) text += flag_help(flag);
  }
  return text + "\nExamples:\n" + command.examples;
}

std::string version_text() {
  return std::string("wmpush ") + wmpush_version() +
         "\nURL schemes: wmpush http\nInput layouts: asf asf_stream\nAuthentication: " +
         wmpush_authentication_schemes() + "\n";
}

}  // namespace wmpush::tool
