// What happens when the object is loaded, before the program's main().
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "http_output.hpp"
#include "protocols.hpp"
#include "push.hpp"
#include "secrets.hpp"
#include "signals.hpp"

namespace wmpush::preload {
namespace {

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Set by ffmpeg-wmpush for the program that it starts, whatever the name of its file is.
constexpr char kMarker[] = "WMPUSH_PRELOAD_IS_FFMPEG";

/// Whether this is the ffmpeg command, whose arguments, exit status and signals we know.
bool is_ffmpeg() {
  if (std::getenv(kMarker) != nullptr) return true;
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  return length > 0 && file_name({path, static_cast<std::size_t>(length)}).starts_with("ffmpeg");
}

int is_libavformat(dl_phdr_info* info, std::size_t, void*) {
  return file_name(info->dlpi_name).starts_with("libavformat");
}

/// Closes the descriptor that ffmpeg-wmpush has named this object by, where it has.
void close_descriptor(std::string_view name) {
  constexpr std::string_view kDescriptors = "/proc/self/fd/";
  int descriptor = -1;
  if (!name.starts_with(kDescriptors)) return;
  name.remove_prefix(kDescriptors.size());
  std::from_chars(name.data(), name.data() + name.size(), descriptor);
  if (descriptor > STDERR_FILENO) close(descriptor);
}

/// Takes this object out of LD_PRELOAD, so that the programs that this one starts are left alone.
void leave_environment() {
  const char* list = std::getenv("LD_PRELOAD");
  Dl_info self;
  if (list == nullptr || dladdr(reinterpret_cast<void*>(&leave_environment), &self) == 0) return;

  std::string kept;
  std::string_view rest = list;
  while (!rest.empty()) {
    const std::size_t length = std::min(rest.find_first_of(": "), rest.size());
    const std::string_view entry = rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
    if (entry.empty() || file_name(entry) == file_name(self.dli_fname)) continue;
    if (!kept.empty()) kept += ':';
    kept += entry;
  }
  if (kept.empty())
    unsetenv("LD_PRELOAD");
  else
    setenv("LD_PRELOAD", kept.c_str(), 1);
  close_descriptor(self.dli_fname);
}

bool is_push(std::string_view url) {
  return push_protocol(url) != nullptr && url.substr(url.find(':')).starts_with("://");
}

/// The outputs of ours that the arguments name, passwords masked; a tee names several in one.
std::vector<std::string> pushes_in(int argc, char** argv) {
  std::vector<std::string> urls;
  for (int i = 1; i < argc; ++i) {
    if (is_users_text(argv[i - 1])) continue;
    std::string_view rest = argv[i];
    while (!rest.empty()) {
      std::string_view output = rest.substr(0, rest.find('|'));
      rest.remove_prefix(std::min(output.size() + 1, rest.size()));
      // The options of one output of a tee.
      if (output.starts_with('['))
        output.remove_prefix(std::min(output.find(']'), output.size() - 1) + 1);
      if (is_push(output)) urls.push_back(mask_passwords(output));
    }
  }
  return urls;
}

/// Any program's exit status can be asked for. One such as Python loads libavformat only later.
bool exit_status_is_asked_for() {
  const char* const value = std::getenv("WMPUSH_EXIT");
  return value != nullptr && std::string_view(value) == "1";
}

void start(int argc, char** argv) {
  if (exit_status_is_asked_for()) answer_for_exit_status();
  // A program without libavformat may be a shell or `timeout` on the way to one that has it.
  if (dl_iterate_phdr(is_libavformat, nullptr) == 0) return;
  const bool knows_program = is_ffmpeg();
  unsetenv(kMarker);
  leave_environment();
  if (!knows_program) return;
  expect_pushes(pushes_in(argc, argv));
  note_http_outputs(argc, argv);
  mask_arguments(argc, argv);
  watch_signals();
  if (!exit_status_is_asked_for()) answer_for_exit_status();
}

__attribute__((constructor)) void start_or_refuse(int argc, char** argv, char**) {
  try {
    start(argc, argv);
  } catch (...) {
    // Going on, the program would show the passwords that are not masked.
    constexpr std::string_view kLine = "wmpush: no memory for the start\n";
    static_cast<void>(!write(STDERR_FILENO, kLine.data(), kLine.size()));
    _exit(EXIT_FAILURE);
  }
}

}  // namespace
}  // namespace wmpush::preload
