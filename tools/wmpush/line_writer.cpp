#include "line_writer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <utility>

namespace wmpush::tool {
namespace {

constexpr std::chrono::seconds kLongestEnd{1};
/// How often a thread that cannot write looks whether it shall end, in milliseconds.
constexpr int kPatience = 50;

int copy_of(int descriptor) {
  return descriptor < 0 ? -1 : ::fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
}

std::string lost_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " line is" : " lines are") +
         " missing here: nobody read them in time";
}

}  // namespace

LineWriter::LineWriter(int descriptor) : descriptor_(copy_of(descriptor)) {
  thread_ = std::thread([this] { run(); });
}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    give_up_ = (std::chrono::steady_clock::now() + kLongestEnd).time_since_epoch().count();
  }
  changed_.notify_one();
  thread_.join();
  for (const Item& item : items_)
    if (item.descriptor >= 0) ::close(item.descriptor);
  if (descriptor_ >= 0) ::close(descriptor_);
}

void LineWriter::write(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    // Once some are lost, it takes no more before there is room for many.
    if (items_.size() >= (lost_ > 0 ? kMaxLines / 2 : kMaxLines)) {
      ++lost_;
      return;
    }
    if (lost_ > 0) items_.push_back({lost_text(std::exchange(lost_, 0))});
    items_.push_back({std::move(line)});
  }
  changed_.notify_one();
}

void LineWriter::go_on_with(int descriptor) {
  {
    const std::lock_guard lock(mutex_);
    items_.push_back({{}, copy_of(descriptor), true});
  }
  changed_.notify_one();
}

void LineWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !items_.empty() || lost_ > 0 || ending_; });
    if (is_late()) return;
    if (items_.empty() && lost_ == 0) return;
    if (items_.empty()) items_.push_back({lost_text(std::exchange(lost_, 0))});
    const Item item = std::move(items_.front());
    items_.pop_front();
    lock.unlock();
    handle(item);
    lock.lock();
  }
}

void LineWriter::handle(const Item& item) {
  if (!item.changes) return put(item.line + "\n");
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = item.descriptor;
}

bool LineWriter::is_late() const {
  const auto limit = give_up_.load();
  return limit != 0 && std::chrono::steady_clock::now().time_since_epoch().count() >= limit;
}

void LineWriter::put(std::string_view text) {
  while (!text.empty() && descriptor_ >= 0 && !is_late()) {
    pollfd wanted{descriptor_, POLLOUT, 0};
    if (::poll(&wanted, 1, kPatience) <= 0) continue;
    // A pipe that is ready takes so much without waiting.
    const ssize_t count =
        ::write(descriptor_, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (count >= 0)
      text.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR && errno != EAGAIN)
      return;  // the disk is full, or the reader has gone
  }
}

}  // namespace wmpush::tool
