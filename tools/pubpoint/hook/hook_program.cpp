// A hook that is a program.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <thread>

#include "pubpoint/hook/hook_run.hpp"
#include "pubpoint/process/spawn.hpp"

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

/// With `input` as its standard input. An errno.
int spawn(const HookCall& call, const HookFacts& facts, int input, pid_t& child) {
  Spawn spawn{.words = call.command, .more_environment = facts.environment()};
  spawn.input = input;
  return spawn.run(child);
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
      kill_group(child_);
      ::waitpid(std::exchange(child_, -1), nullptr, 0);
      fail_later(std::string("there is no thread for it: ") + no_thread.what());
    }
  }

  void abandon() override {
    done_ = nullptr;
    if (child_ > 0) kill_group(child_);
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
