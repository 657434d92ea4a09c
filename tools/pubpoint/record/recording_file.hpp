// A new file, written through a buffer.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// The first error stays, and later writes do nothing.
class RecordingFile {
 public:
  RecordingFile() = default;
  ~RecordingFile() { close(); }
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  /// For the owner to write and the group to read. False when the file exists or cannot be made;
  /// error() then is errno.
  bool create(const std::filesystem::path& path);
  bool open() const { return file_ >= 0; }
  void append(Bytes bytes);
  /// Bytes that are in the file, without those in the buffer. After a write that failed, with what
  /// it had written by then.
  std::uint64_t flushed() const { return flushed_; }
  /// Bytes that the file will have once all is written.
  std::uint64_t size() const { return flushed_ + buffer_.size(); }
  void flush();
  /// Drops what is behind `size` bytes, and with it what could not be written.
  void truncate(std::uint64_t size);
  /// Overwrites bytes that are in the file.
  void patch(std::uint64_t at, Bytes bytes);
  /// Where the file is now, which was made as `path`: somebody may have moved it, or its folder.
  /// Empty when it was removed.
  std::filesystem::path whereabouts(const std::filesystem::path& path) const;
  void close();
  /// errno of the first call that failed; 0 while all is well.
  int error() const { return error_; }

 private:
  /// The bytes that were written.
  std::size_t write(Bytes bytes, std::uint64_t at);

  int file_ = -1;
  int error_ = 0;
  std::uint64_t flushed_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace wmpush::pubpoint
