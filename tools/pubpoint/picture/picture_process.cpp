#include "pubpoint/picture/picture_process.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <system_error>
#include <utility>

#include "pubpoint/picture/picture_messages.hpp"
#include "pubpoint/process/spawn.hpp"

namespace wmpush::pubpoint {
namespace {

/// Of the program: packets come first.
constexpr int kNiceness = 10;

std::string text_of(int error) { return std::system_category().message(error); }

template <typename Message>
Bytes bytes_of(const Message& message) {
  return std::as_bytes(std::span(&message, 1));
}

}  // namespace

PictureProcess::PictureProcess(std::string program, std::chrono::milliseconds timeout)
    : program_(std::move(program)),
      timeout_(timeout),
      interrupts_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void PictureProcess::interrupt() {
  constexpr std::uint64_t kOne = 1;
  static_cast<void>(!::write(interrupts_.get(), &kOne, sizeof kOne));
}

std::string PictureProcess::start() {
  // One that has ended while there was nothing to do is no fault of what is to be done now.
  if (is_running() && ::waitpid(child_, nullptr, WNOHANG) == child_) {
    child_ = -1;
    socket_.close();
  }
  if (is_running()) return {};
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return "no descriptor is left: " + text_of(errno);
  Descriptor ours(ends[0]);
  const Descriptor its(ends[1]);
  Spawn spawn{.words = {program_}};
  spawn.input = spawn.output = its.get();
  spawn.niceness = kNiceness;
  if (const int error = spawn.run(child_); error != 0) {
    child_ = -1;
    return program_ + " cannot be started: " + text_of(error);
  }
  socket_ = std::move(ours);
  return {};
}

void PictureProcess::end() {
  socket_.close();
  if (!is_running()) return;
  kill_group(child_);
  ::waitpid(std::exchange(child_, -1), nullptr, 0);
}

MadePicture PictureProcess::make(Bytes asf, unsigned width) {
  MadePicture made;
  made.why = start();
  if (made.why.empty())
    made.why = transfer(asf, width, std::chrono::steady_clock::now() + timeout_, made);
  if (made.what == MadePicture::What::Failed) end();
  return made;
}

std::string PictureProcess::transfer(Bytes asf, unsigned width, Deadline deadline,
                                     MadePicture& made) {
  const PictureRequest request{width, static_cast<std::uint32_t>(asf.size())};
  if (std::string wrong = write(bytes_of(request), deadline); !wrong.empty()) return wrong;
  if (std::string wrong = write(asf, deadline); !wrong.empty()) return wrong;
  PictureAnswer answer{};
  std::string wrong = read(std::as_writable_bytes(std::span(&answer, 1)), deadline);
  if (!wrong.empty()) return wrong;
  const bool is_made = answer.made == 1;
  if (answer.size > (is_made ? kMostPicture : kMostPictureFault))
    return "it has answered " + std::to_string(answer.size) + " bytes";
  std::string text(answer.size, '\0');
  wrong = read(std::as_writable_bytes(std::span(text)), deadline);
  if (!wrong.empty()) return wrong;
  made.what = is_made ? MadePicture::What::Picture : MadePicture::What::None;
  if (!is_made) return text;
  made.jpeg = std::move(text);
  return {};
}

std::string PictureProcess::wait(short events, Deadline deadline) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    std::array<pollfd, 2> looked{pollfd{socket_.get(), events, 0},
                                 pollfd{interrupts_.get(), POLLIN, 0}};
    const int count = ::poll(looked.data(), looked.size(),
                             static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (count < 0 && errno == EINTR) continue;
    if (looked[1].revents != 0) return "the server ends";
    if (count == 0)
      return "it had no picture after " + std::to_string(timeout_.count()) + " ms, and was ended";
    return {};
  }
}

std::string PictureProcess::write(Bytes bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (std::string wrong = wait(POLLOUT, deadline); !wrong.empty()) return wrong;
    const ssize_t count =
        ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno != EAGAIN && errno != EINTR) return "it has ended";
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

std::string PictureProcess::read(std::span<std::byte> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    if (std::string wrong = wait(POLLIN, deadline); !wrong.empty()) return wrong;
    const ssize_t count = ::recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return "it has ended";
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace wmpush::pubpoint
