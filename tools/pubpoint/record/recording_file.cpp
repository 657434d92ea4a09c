#include "pubpoint/record/recording_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;
constexpr mode_t kMode = 0640;

/// Also where that cannot be found out.
bool may_lead_to(const std::filesystem::path& path, const struct stat& file) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) return errno != ENOENT && errno != ENOTDIR;
  return found.st_dev == file.st_dev && found.st_ino == file.st_ino;
}

}  // namespace

bool RecordingFile::create(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  error_ = file_ < 0 ? errno : 0;
  if (file_ >= 0) buffer_.reserve(kBufferSize);
  return file_ >= 0;
}

std::size_t RecordingFile::write(Bytes bytes, std::uint64_t at) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written =
        ::pwrite(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(at + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      if (error_ == 0) error_ = written < 0 ? errno : ENOSPC;
      break;
    }
    done += static_cast<std::size_t>(written);
  }
  return done;
}

void RecordingFile::append(Bytes bytes) {
  if (error_ != 0) return;
  if (buffer_.size() + bytes.size() > kBufferSize) flush();
  if (error_ == 0) wmpush::append(buffer_, bytes);
}

void RecordingFile::flush() {
  if (error_ != 0 || buffer_.empty()) return;
  flushed_ += write(buffer_, flushed_);
  buffer_.clear();
}

void RecordingFile::truncate(std::uint64_t size) {
  buffer_.clear();
  flushed_ = size;
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0 && error_ == 0) error_ = errno;
}

void RecordingFile::patch(std::uint64_t at, Bytes bytes) { write(bytes, at); }

std::filesystem::path RecordingFile::whereabouts(const std::filesystem::path& path) const {
  struct stat file {};
  if (::fstat(file_, &file) != 0 || may_lead_to(path, file)) return path;
  if (file.st_nlink == 0) return {};
  std::error_code error;
  const auto now = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file_), error);
  if (!error && may_lead_to(now, file)) return now;
  return {};
}

void RecordingFile::close() {
  if (file_ >= 0 && ::close(file_) != 0 && error_ == 0) error_ = errno;
  file_ = -1;
}

}  // namespace wmpush::pubpoint
