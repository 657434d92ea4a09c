#include "pubpoint/process/spawn.hpp"

#include <spawn.h>
#include <sys/resource.h>

#include <csignal>
#include <utility>

// NOLINTNEXTLINE(readability-redundant-declaration): POSIX has it in no header
extern char** environ;

namespace wmpush::pubpoint {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

}  // namespace

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each)
    if (std::string variable = *each; !variable.starts_with("WMPUSH_"))
      all.push_back(std::move(variable));
  return all;
}

int Spawn::run(pid_t& child) const {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> arguments = words;
  std::vector<std::string> its_environment = environment;
  const int failure = ::posix_spawnp(&child, words.front().c_str(), &files, &attributes,
                                     pointers(arguments).data(), pointers(its_environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  // Threads that it starts are as it is, and it has hardly begun.
  if (failure == 0 && niceness > 0) ::setpriority(PRIO_PROCESS, static_cast<id_t>(child), niceness);
  return failure;
}

void kill_group(pid_t child) {
  ::kill(-child, SIGKILL);
  ::kill(child, SIGKILL);
}

}  // namespace wmpush::pubpoint
