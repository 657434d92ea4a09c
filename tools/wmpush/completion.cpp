#include "completion.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

namespace wmpush::tool {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

/// "block|drop" and "0|1", but not "FILE" or "USER|GROUP".
bool is_choice(std::string_view value) {
  return value.find('|') != value.npos && std::ranges::none_of(value, [](unsigned char c) {
           return std::isupper(c) != 0 || std::isspace(c) != 0;
         });
}

std::string joined(const std::vector<std::string>& words, char between = ' ') {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : std::string(1, between)) + word;
  return text;
}

/// For a shell, in single quotes.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::vector<std::string> command_words() {
  std::vector<std::string> words;
  for (const Command& command : commands()) words.push_back(command.name);
  words.insert(words.end(), {"help", "--help", "--version"});
  return words;
}

/// What bash completes, as a call of a function of the script.
std::string bash_action(const Completions& of) {
  if (!of.words.empty()) return "_wmpush_words " + quoted(joined(of.words));
  std::string text;
  if (of.commands) text += "_wmpush_programs; ";
  if (of.folders) text += "_wmpush_folders; ";
  if (of.files) text += "_wmpush_files; ";
  if (of.urls) text += "_wmpush_urls; ";
  return text.empty() ? ":" : text.substr(0, text.size() - 2);
}

std::string bash_command(const Command& command) {
  std::string options;
  std::string values;
  for (const Flag& flag : command.all_flags()) {
    options += (options.empty() ? "--" : " --") + flag.name;
    if (flag.value.empty()) continue;
    values += "        --" + flag.name + ") " + bash_action(completions_of(flag)) + " ;;\n";
  }
  return "    " + command.name + ")\n      options=" + quoted(options) + "\n" +
         "      case $option in\n" + values + "        '')\n" +
         "          case $word in\n            -*) _wmpush_options \"$options\" ;;\n            "
         "*) " +
         bash_action(operands_of(command)) + " ;;\n          esac ;;\n      esac ;;\n";
}

std::string bash_flags_with_value(const Command& command) {
  std::string names;
  for (const Flag& flag : command.all_flags())
    if (!flag.value.empty()) names += (names.empty() ? "--" : "|--") + flag.name;
  return names;
}

/// A text within the brackets or between the colons of zsh's _arguments.
std::string zsh_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const Completions& of) {
  if (!of.words.empty()) return "(" + joined(of.words) + ")";
  if (of.urls) return of.files ? "_wmpush_files_and_urls" : "_wmpush_urls";
  if (of.folders) return "_files -/";
  if (of.files || of.commands) return "_files";
  return " ";
}

std::string zsh_command(const Command& command) {
  std::string text = "        " + command.name + ")\n          _arguments -s";
  for (const Flag& flag : command.all_flags()) {
    const std::string name = "--" + flag.name + (flag.value.empty() ? "" : "=");
    const std::string rest = "[" + zsh_escaped(flag.help) + "]" +
                             (flag.value.empty() ? ""
                                                 : ":" + zsh_escaped(flag.value) + ":" +
                                                       zsh_action(completions_of(flag)));
    const std::string often = flag.repeatable ? "*" : "";
    text += " \\\n            " + quoted(often + name + rest);
    if (flag.letter != '\0') text += " \\\n            " + quoted(often + "-" + flag.letter + rest);
  }
  const Completions operands = operands_of(command);
  if (operands.files || operands.urls)
    text += " \\\n            " + quoted("*:operand:" + zsh_action(operands));
  return text + " ;;\n";
}

}  // namespace

Completions completions_of(const Flag& flag) {
  Completions of;
  if (is_choice(flag.value)) of.words = split(flag.value, '|');
  of.files = flag.value == "FILE";
  of.folders = flag.value == "DIR";
  of.commands = flag.value == "HOOK";
  return of;
}

Completions operands_of(const Command& command) {
  Completions of;
  for (const std::string& usage : command.usage) {
    bool is_value = false;  // of the option in front of it
    for (const std::string& word : split(usage, ' ')) {
      const bool is_option = word.find("--") != word.npos;
      if (!is_option && !is_value) {
        of.files = of.files || word.find("FILE") != word.npos;
        of.urls = of.urls || word.find("URL") != word.npos;
      }
      is_value = is_option && word.find(']') == word.npos;
    }
  }
  return of;
}

std::string bash_completion() {
  std::string commands_with_value;
  std::string cases;
  for (const Command& command : commands()) {
    commands_with_value +=
        "    " + command.name + ") pattern=" + quoted(bash_flags_with_value(command)) + " ;;\n";
    cases += bash_command(command);
  }
  std::vector<std::string> names;
  for (const Command& command : commands()) names.push_back(command.name);
  return R"(# Completion of wmpush for bash. It is generated from the tables that wmpush parses its command line by.

_wmpush_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

# Names have underscores; dashes mean the same.
_wmpush_options() {
  local name=${word#-}
  name=${name#-}
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "--${name//-/_}")
}

_wmpush_add() {
  local more
  mapfile -t more < <("$@")
  COMPREPLY+=("${more[@]}")
}

_wmpush_files() {
  compopt -o filenames 2>/dev/null
  _wmpush_add compgen -f -- "$word"
}

_wmpush_folders() {
  compopt -o filenames 2>/dev/null
  _wmpush_add compgen -d -- "$word"
}

_wmpush_programs() {
  compopt -o filenames 2>/dev/null
  _wmpush_add compgen -c -- "$word"
}

# The host is for whoever types; what stands behind the colon is a word of its own for bash.
_wmpush_urls() {
  [[ ${COMP_WORDS[COMP_CWORD - 1]} != : && $word != : ]] || { COMPREPLY=(); return; }
  local before=${#COMPREPLY[@]}
  _wmpush_add compgen -W 'wmpush:// wmpushs://' -- "$word"
  [ ${#COMPREPLY[@]} -eq "$before" ] || compopt -o nospace 2>/dev/null
}

_wmpush() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} option='' options='' pattern=''
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _wmpush_words )" +
         quoted(joined(command_words())) + R"(
    return
  fi
  if [ "$command" = help ]; then
    [ "$COMP_CWORD" -ne 2 ] || _wmpush_words )" +
         quoted(joined(names)) + R"(
    return
  fi

  # An option in front of the word that takes a value: "--name word", or "--name=word", which bash
  # takes for three words.
  local previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [ "$word" = = ]; then
    word=''
  elif [ "$previous" = = ]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  case $command in
)" + commands_with_value +
         R"(    *) return ;;
  esac
  if [[ $previous == --* ]]; then
    previous=${previous#--}
    previous=--${previous//-/_}
    [[ "|$pattern|" != *"|$previous|"* ]] || option=$previous
  fi

  case $command in
)" + cases +
         R"(  esac
}

complete -F _wmpush wmpush
)";
}

std::string zsh_completion() {
  std::string list;
  std::string cases;
  for (const Command& command : commands()) {
    list += "    " + quoted(zsh_escaped(command.name) + ":" + command.summary) + "\n";
    cases += zsh_command(command);
  }
  return R"(#compdef wmpush
# Completion of wmpush for zsh. It is generated from the tables that wmpush parses its command line by.

_wmpush_urls() {
  compadd -S '' -- wmpush:// wmpushs://
}

_wmpush_files_and_urls() {
  _alternative 'files:file:_files' 'urls:URL:_wmpush_urls'
}

_wmpush() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
)" + list +
         R"(    'help:explain a command'
  )
  _arguments -C '(- *)--help[what there is]' '(- *)--version[version and what it was built with]' \
    '1:command:->command' '*::argument:->arguments'
  case $state in
    command) _describe command commands ;;
    arguments)
      case $words[1] in
        help) _describe command commands ;;
)" + cases +
         R"(      esac ;;
  esac
}

_wmpush "$@"
)";
}

}  // namespace wmpush::tool
