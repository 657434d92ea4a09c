#include "pubpoint/process/child_program.hpp"

#include <sys/wait.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

namespace wmpush::pubpoint {
namespace {

namespace asio = boost::asio;

}  // namespace

ChildProgram::~ChildProgram() {
  if (waiting_.joinable()) waiting_.join();
}

std::string ChildProgram::start(const Spawn& spawn, bool ends_group,
                                std::function<void(ProgramEnd)> over) {
  if (const int error = spawn.run(child_); error != 0) {
    child_ = -1;
    return std::system_category().message(error);
  }
  over_ = std::move(over);
  ends_group_ = ends_group;
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
  if (child_ > 0) kill_group(child_);
}

}  // namespace wmpush::pubpoint
