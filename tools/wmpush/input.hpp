// The ASF that is pushed: a file, a pipe or standard input.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/bytes.hpp"
#include "wmpush/result.hpp"

namespace wmpush::tool {

/// Reads without ever waiting longer than it is told to.
class Input {
 public:
  enum class Status {
    Data,  ///< `bytes` has some
    Idle,  ///< nothing came within the limit, or a signal did
    End    ///< no more comes
  };

  Input() = default;
  ~Input();
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// Whether a named pipe that nobody writes to yet is waited for (a signal ends that), or opened
  /// all the same and is idle until someone does.
  enum class Pipe { Wait, GoOn };

  /// `path` "-" is standard input. E_FAIL when it cannot be opened or is a directory. What was open
  /// before is closed.
  Error open(const std::string& path, Pipe pipe = Pipe::Wait);
  void close();

  /// Reads what is there, at most `room`, into `bytes`.
  Error read(MutableBytes room, std::chrono::milliseconds limit, Status& status, Bytes& bytes);

  /// Bytes from where the input was opened to its end; nothing for a pipe.
  std::optional<std::uint64_t> size() const { return size_; }
  std::uint64_t position() const { return position_; }
  /// Goes back to where it was opened. Only for an input that has a size.
  Error rewind();

  /// For people: the path, or "standard input".
  const std::string& name() const { return name_; }

 private:
  Error failure(const char* doing) const;

  int descriptor_ = -1;
  bool owned_ = false;
  std::int64_t start_ = 0;
  std::uint64_t position_ = 0;
  std::optional<std::uint64_t> size_;
  std::string name_;
};

}  // namespace wmpush::tool
