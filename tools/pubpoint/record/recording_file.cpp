#include "pubpoint/record/recording_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace wmpush::pubpoint {
namespace {

constexpr std::size_t kBufferSize = 256 * 1024;
constexpr mode_t kMode = 0640;

}  // namespace

bool RecordingFile::create(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  error_ = file_ < 0 ? errno : 0;
  if (file_ >= 0) buffer_.reserve(kBufferSize);
  return file_ >= 0;
}

bool RecordingFile::write_all(Bytes bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      error_ = written < 0 ? errno : ENOSPC;
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return true;
}

void RecordingFile::append(Bytes bytes) {
  if (error_ != 0) return;
  if (buffer_.size() + bytes.size() > kBufferSize) flush();
  if (error_ == 0) wmpush::append(buffer_, bytes);
}

void RecordingFile::flush() {
  if (error_ != 0 || buffer_.empty()) return;
  const std::size_t size = buffer_.size();
  if (write_all(buffer_, flushed_)) flushed_ += size;
  buffer_.clear();
}

void RecordingFile::truncate(std::uint64_t size) {
  buffer_.clear();
  flushed_ = size;
  if (::ftruncate(file_, static_cast<off_t>(size)) != 0 && error_ == 0) error_ = errno;
}

void RecordingFile::patch(std::uint64_t at, Bytes bytes) { write_all(bytes, at); }

void RecordingFile::close() {
  if (file_ >= 0 && ::close(file_) != 0 && error_ == 0) error_ = errno;
  file_ = -1;
}

}  // namespace wmpush::pubpoint
