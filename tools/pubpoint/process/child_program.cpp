#include "pubpoint/process/child_program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

// NOLINTNEXTLINE(readability-redundant-declaration): POSIX has it in no header
extern char** environ;

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// An errno.
int spawn(ChildProgram::Command& command, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, command.input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, command.output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, command.errors, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  const int error =
      ::posix_spawnp(&child, command.words.front().c_str(), &files, &attributes,
                     pointers(command.words).data(), pointers(command.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  // Threads that it starts are as it is, and it has hardly begun.
  if (error == 0 && command.niceness > 0)
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(child), command.niceness);
  return error;
}

}  // namespace

ChildProgram::~ChildProgram() {
  if (waiting_.joinable()) waiting_.join();
}

std::string ChildProgram::start(Command command, std::function<void(ProgramEnd)> over) {
  if (const int error = spawn(command, child_); error != 0) {
    child_ = -1;
    return std::system_category().message(error);
  }
  over_ = std::move(over);
  ends_group_ = command.ends_group;
  try {
    wait_for_end();
  } catch (const std::system_error& no_thread) {
    kill();
    ::waitpid(std::exchange(child_, -1), nullptr, 0);
    over_ = nullptr;
    return std::string("there is no thread for it: ") + no_thread.what();
  }
  return {};
}

/// The system tells in a thread when a child has ended, or by a signal, and those are the
/// program's. The child stays a zombie until it is reaped here: its id is nobody else's before.
void ChildProgram::wait_for_end() {
  waiting_ = std::thread([self = shared_from_this(), child = child_,
                          work = asio::make_work_guard(context_)]() mutable {
    siginfo_t end{};
    while (::waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    asio::io_context& context = self->context_;
    asio::post(context, [self = std::move(self), end] {
      self->waiting_.join();
      if (self->ends_group_) self->kill();
      ::waitpid(std::exchange(self->child_, -1), nullptr, 0);
      if (self->over_)
        std::exchange(self->over_, nullptr)({end.si_code == CLD_EXITED, end.si_status});
    });
  });
}

void ChildProgram::kill() {
  if (child_ <= 0) return;
  ::kill(-child_, SIGKILL);
  ::kill(child_, SIGKILL);
}

std::vector<std::string> own_environment() {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
  return all;
}

}  // namespace wmpush::pubpoint
