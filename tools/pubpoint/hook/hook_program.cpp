// A hook that is a program.
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>

#include "pubpoint/hook/hook_run.hpp"
#include "pubpoint/process/child_program.hpp"

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;
using What = HookAnswer::What;

/// What a shell says when it cannot run a program.
constexpr int kCannotRun = 126;

HookAnswer answer_of(const ProgramEnd& end) {
  if (!end.exited)
    return {What::Failed, "its program was ended by signal " + std::to_string(end.number)};
  if (end.number == 0) return {What::Granted};
  return {end.number < kCannotRun ? What::Refused : What::Failed,
          "its program ended with status " + std::to_string(end.number)};
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
  std::vector<std::string> all = own_environment();
  all.insert(all.end(), facts.environment().begin(), facts.environment().end());
  return all;
}

class ProgramRun final : public HookRun, public std::enable_shared_from_this<ProgramRun> {
 public:
  ProgramRun(asio::io_context& context, std::shared_ptr<void> slot, Done done)
      : context_(context),
        slot_(std::move(slot)),
        done_(std::move(done)),
        program_(std::make_shared<ChildProgram>(context)) {}

  /// Our standard error is for what it says.
  void start(const HookCall& call, const HookFacts& facts) {
    const int input = full_pipe(facts.json());
    if (input < 0) return fail_later(call, std::system_category().message(errno));
    const std::string wrong = program_->start(
        {.words = call.command, .environment = environment_with(facts), .input = input}, false,
        [self = shared_from_this()](ProgramEnd end) {
          if (self->done_) std::exchange(self->done_, nullptr)(answer_of(end));
        });
    ::close(input);
    if (!wrong.empty()) fail_later(call, wrong);
  }

  void abandon() override {
    done_ = nullptr;
    program_->kill();
  }

 private:
  void fail_later(const HookCall& call, const std::string& why) {
    asio::post(context_, [self = shared_from_this(),
                          why = call.command.front() + " cannot be started: " + why] {
      if (self->done_) std::exchange(self->done_, nullptr)({What::Failed, why});
    });
  }

  asio::io_context& context_;
  const std::shared_ptr<void> slot_;
  Done done_;
  const std::shared_ptr<ChildProgram> program_;
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
