// wmpush: one command with subcommands.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "command.hpp"
#include "help.hpp"
#include "secrets.hpp"

namespace wmpush::tool {
namespace {

const Command* find_command(const std::string& name) {
  for (const Command& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

ExitStatus print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? kSuccess : kFailed;
}

/// "send, serve, probe AND token"
std::string command_names(const std::string& last) {
  std::string text;
  for (std::size_t i = 0; i < commands().size(); ++i)
    text += (i == 0                      ? ""
             : i + 1 < commands().size() ? ", "
                                         : " " + last + " ") +
            commands()[i].name;
  return text;
}

/// The command that was probably meant; empty when none is near.
std::string meant_by(const std::string& word) {
  std::string lower = word;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  std::vector<std::string> names{"help"};
  for (const Command& command : commands()) {
    if (std::ranges::find(command.guesses, lower) != command.guesses.end()) return command.name;
    names.push_back(command.name);
  }
  return nearest(lower, names);
}

ExitStatus refuse_command(const std::string& name) {
  const std::string near = meant_by(name);
  std::string hint = ": " + command_names("and") + " are those there are";
  if (!near.empty())
    hint = ": did you mean '" + near + "'?";
  else if (name.find("://") != name.npos)
    hint =
        ": in front of a URL stands what is to be done: wmpush send FILE URL, or wmpush probe URL";
  return refuse_usage("wmpush", "there is no command '" + name + "'" + hint);
}

ExitStatus run(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::fputs(overall_help().c_str(), stderr);
    return refuse_usage("wmpush", "a command is needed: " + command_names("or"));
  }
  const std::string& first = words.front();
  if (first == "--version" || first == "-V" || first == "version") return print(version_text());
  if (first == "--help" || first == "-h" || first == "help") {
    if (words.size() < 2) return print(overall_help());
    const Command* command = find_command(words[1]);
    return command != nullptr ? print(command_help(*command)) : refuse_command(words[1]);
  }
  const Command* command = find_command(first);
  if (command == nullptr) return refuse_command(first);

  std::string error;
  const std::vector<Flag> flags = command->all_flags();
  const Arguments arguments = Arguments::parse(flags, std::span(words).subspan(1), error);
  // Whoever asks for help gets it, whatever else the line says.
  if (arguments.has("help")) return print(command_help(*command));
  if (!error.empty()) return refuse_usage("wmpush " + command->name, error);
  return command->run(arguments);
}

}  // namespace
}  // namespace wmpush::tool

int main(int argc, char** argv) {
  using namespace wmpush::tool;
  const std::span arguments(argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0));
  try {
    const std::vector<std::string> words(arguments.begin(), arguments.end());
    scrub(arguments, is_secret_option);
    // A reader of our output that goes away must not end a push.
    std::signal(SIGPIPE, SIG_IGN);
    return run(words);
  } catch (const std::bad_alloc&) {
    return conclude("wmpush", {wmpush::Result::E_OUTOFMEMORY, 0, 0, "out of memory"});
  } catch (const std::exception& exception) {
    return conclude("wmpush", {wmpush::Result::E_FAIL, 0, 0, exception.what()});
  }
}
