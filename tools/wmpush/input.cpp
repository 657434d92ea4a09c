#include "input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace wmpush::tool {

Input::~Input() { close(); }

void Input::close() {
  if (owned_) ::close(descriptor_);
  owned_ = false;
  descriptor_ = -1;
}

Error Input::failure(const char* doing) const {
  const int number = errno;
  return {number == EINTR ? Result::NS_E_SHUTDOWN : Result::E_FAIL, 0, number,
          "cannot " + std::string(doing) + " " + name_ + ": " + std::strerror(number)};
}

Error Input::open(const std::string& path, Pipe pipe) {
  close();
  start_ = 0;
  position_ = 0;
  size_.reset();
  name_ = path == "-" ? "standard input" : path;
  owned_ = path != "-";
  const int waiting = pipe == Pipe::GoOn ? O_NONBLOCK : 0;
  descriptor_ = owned_ ? ::open(path.c_str(), O_RDONLY | O_CLOEXEC | waiting) : STDIN_FILENO;
  if (descriptor_ < 0) {
    owned_ = false;
    return failure("open");
  }
  struct stat status {};
  if (fstat(descriptor_, &status) != 0) return failure("open");
  if (S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    return failure("read");
  }
  if (S_ISREG(status.st_mode)) {
    start_ = std::max<std::int64_t>(lseek(descriptor_, 0, SEEK_CUR), 0);
    size_ = static_cast<std::uint64_t>(std::max<std::int64_t>(status.st_size - start_, 0));
  }
  return {};
}

Error Input::read(MutableBytes room, std::chrono::milliseconds limit, Status& status,
                  Bytes& bytes) {
  status = Status::Idle;
  bytes = {};
  pollfd waiting{descriptor_, POLLIN, 0};
  const int ready = poll(&waiting, 1, static_cast<int>(limit.count()));
  if (ready == 0 || (ready < 0 && errno == EINTR)) return {};
  if (ready < 0) return failure("wait for");
  const ssize_t count = ::read(descriptor_, room.data(), room.size());
  if (count < 0) {
    // Someone else's non-blocking pipe may have been emptied by another reader meanwhile.
    if (errno == EINTR || errno == EAGAIN) return {};
    return failure("read");
  }
  bytes = Bytes(room).first(static_cast<std::size_t>(count));
  position_ += bytes.size();
  status = count == 0 ? Status::End : Status::Data;
  return {};
}

Error Input::rewind() {
  if (lseek(descriptor_, start_, SEEK_SET) < 0) return failure("read");
  position_ = 0;
  return {};
}

}  // namespace wmpush::tool
