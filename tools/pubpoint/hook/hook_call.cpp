#include "pubpoint/hook/hook_call.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "pubpoint/hook/hook_settings.hpp"
#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string> words;
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    if (text.empty()) return words;
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

bool is_program(const std::filesystem::path& file) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
}

/// Where a program is, as a shell looks for it; empty: nowhere.
std::string find_program(const std::string& name, const std::filesystem::path& folder) {
  if (name.find('/') != name.npos) {
    const std::filesystem::path file = folder.empty() ? std::filesystem::path(name) : folder / name;
    return is_program(file) ? file.string() : std::string();
  }
  const char* const path = std::getenv("PATH");
  std::string_view left = path == nullptr ? "" : path;
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(':'), left.size());
    const std::filesystem::path file = std::filesystem::path(left.substr(0, end)) / name;
    if (end > 0 && is_program(file)) return file;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return {};
}

}  // namespace

std::string HookCall::parse(std::string_view text, HookCall& call,
                            const std::filesystem::path& folder) {
  call = {};
  if (text.starts_with("http://") || text.starts_with("https://")) {
    wmhttp::PushUrl url;
    const auto no_options = [](std::string_view) { return false; };
    if (Error error = wmhttp::parse_url(text, no_options, url)) return error.message;
    if (!url.user.empty() || url.password)
      return "the URL of a hook takes no user and no password: what proves who asks goes into its "
             "query, or a program that is called sends it";
    call.server = url.server;
    call.target = url.target;
    return {};
  }
  call.command = words_of(text);
  if (call.command.empty()) return "there is no program and no URL";
  std::string found = find_program(call.command.front(), folder);
  if (found.empty())
    return "there is no program " + in_quotes(call.command.front()) +
           " that may be run: name one, or a URL that begins with http:// or https://";
  call.command.front() = std::move(found);
  return {};
}

std::string check_hook(const std::string& hook, const std::filesystem::path& folder) {
  HookCall call;
  return hook.empty() ? std::string() : HookCall::parse(hook, call, folder);
}

}  // namespace wmpush::pubpoint
