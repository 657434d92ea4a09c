#include "net/task.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include "core/signals_blocked.hpp"

namespace wmpush::net {
namespace {

Error impossible(const std::string& what, std::string_view missing, int system_error) {
  return {
      Result::E_FAIL, 0, system_error,
      what + ": " + std::string(missing) + ": " + std::generic_category().message(system_error)};
}

}  // namespace

Error Task::start(const std::string& what, std::function<void()> work,
                  std::shared_ptr<Task>& task) {
  auto made = std::make_shared<Task>();
  std::array<int, 2> ends{};
  // Another thread may start a program at any time, which is not to inherit them.
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
    return impossible(what, "no descriptor is left", errno);
  made->told_ = Descriptor(ends[0]);
  made->tells_ = Descriptor(ends[1]);
  try {
    const SignalsBlocked blocked;
    std::thread([made, run = std::move(work)]() mutable {
      run();
      run = nullptr;
      made->finish();
    }).detach();
  } catch (const std::system_error& error) {
    return impossible(what, "no thread can be started", error.code().value());
  }
  task = std::move(made);
  return {};
}

void Task::finish() noexcept {
  done_.store(true, std::memory_order_release);
  constexpr char kDone = 1;
  // The pipe is empty: there is room for this.
  static_cast<void>(!::write(tells_.get(), &kDone, 1));
}

std::shared_ptr<Task> Task::start_or_do(const std::string& what,
                                        const std::function<void()>& work) {
  std::shared_ptr<Task> task;
  if (start(what, work, task)) work();
  return task;
}

}  // namespace wmpush::net
