// A hook that is a program.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "pubpoint/hook/hook_run.hpp"

// NOLINTNEXTLINE(readability-redundant-declaration): POSIX has it in no header
extern char** environ;

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using What = HookAnswer::What;

/// What a shell says when it cannot run a program.
constexpr int kCannotRun = 126;

HookAnswer answer_of(const siginfo_t& end) {
  if (end.si_code != CLD_EXITED)
    return {What::Failed, "its program was ended by signal " + std::to_string(end.si_status)};
  if (end.si_status == 0) return {What::Granted};
  return {end.si_status < kCannotRun ? What::Refused : What::Failed,
          "its program ended with status " + std::to_string(end.si_status)};
}

/// A pipe that `text` waits in for its reader; -1 when that cannot be.
int full_pipe(const std::string& text) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  const ssize_t count = ::write(ends[1], text.data(), text.size());
  const int error = errno;
  ::close(ends[1]);
  if (count == static_cast<ssize_t>(text.size())) return ends[0];
  ::close(ends[0]);
  errno = count < 0 ? error : E2BIG;
  return -1;
}

std::vector<std::string> environment_with(const HookFacts& facts) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string variable = *each;
    if (!variable.starts_with("WMPUSH_")) all.push_back(variable);
  }
  all.insert(all.end(), facts.environment().begin(), facts.environment().end());
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// Starts it in a process group of its own, so that what it starts ends with it: with `input` as
/// standard input, our standard error for what it says, and no other descriptor of ours. An errno.
int spawn(const HookCall& call, const HookFacts& facts, int input, pid_t& child) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> words = call.command;
  std::vector<std::string> environment = environment_with(facts);
  const int error = ::posix_spawn(&child, words.front().c_str(), &files, &attributes,
                                  pointers(words).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return error;
}

class ProgramRun final : public HookRun, public std::enable_shared_from_this<ProgramRun> {
 public:
  ProgramRun(asio::io_context& context, std::shared_ptr<void> slot, Done done)
      : context_(context), slot_(std::move(slot)), done_(std::move(done)) {}
  ~ProgramRun() override {
    if (waiting_.joinable()) waiting_.join();
  }

  void start(const HookCall& call, const HookFacts& facts) {
    const int input = full_pipe(facts.json());
    const int error = input < 0 ? errno : spawn(call, facts, input, child_);
    if (input >= 0) ::close(input);
    if (error != 0) {
      child_ = -1;
      return fail_later(call.command.front() +
                        " cannot be started: " + std::system_category().message(error));
    }
    try {
      wait_for_end();
    } catch (const std::system_error& no_thread) {
      kill();
      ::waitpid(std::exchange(child_, -1), nullptr, 0);
      fail_later(std::string("there is no thread for it: ") + no_thread.what());
    }
  }

  void abandon() override {
    done_ = nullptr;
    if (child_ > 0) kill();
  }

 private:
  void wait_for_end() {
    // The system tells in a thread when a child has ended, or by a signal, and those are the
    // program's. The child stays a zombie until ended(): its id is nobody else's before.
    waiting_ = std::thread([self = shared_from_this(), child = child_,
                            work = asio::make_work_guard(context_)]() mutable {
      siginfo_t end{};
      while (::waitid(P_PID, static_cast<id_t>(child), &end, WEXITED | WNOWAIT) != 0 &&
             errno == EINTR) {
      }
      asio::io_context& context = self->context_;
      asio::post(context, [self = std::move(self), end] { self->ended(end); });
    });
  }

  /// With what it has started, unless that has left its group.
  void kill() const {
    ::kill(-child_, SIGKILL);
    ::kill(child_, SIGKILL);
  }

  void fail_later(std::string why) {
    asio::post(context_, [self = shared_from_this(), why = std::move(why)] {
      if (self->done_) std::exchange(self->done_, nullptr)({What::Failed, why});
    });
  }

  void ended(const siginfo_t& end) {
    waiting_.join();
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
    if (done_) std::exchange(done_, nullptr)(answer_of(end));
  }

  asio::io_context& context_;
  const std::shared_ptr<void> slot_;
  Done done_;
  pid_t child_ = -1;  // not reaped yet
  std::thread waiting_;
};

}  // namespace

std::shared_ptr<HookRun> HookRun::program(ClientThread& thread, const HookCall& call,
                                          const HookFacts& facts, std::shared_ptr<void> slot,
                                          Done done) {
  auto run = std::make_shared<ProgramRun>(thread.context(), std::move(slot), std::move(done));
  run->start(call, facts);
  return run;
}

}  // namespace wmpush::pubpoint
