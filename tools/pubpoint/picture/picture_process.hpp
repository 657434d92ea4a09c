// The program that makes pictures, as the thread sees it that asks for them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/descriptor.hpp"

namespace wmpush::pubpoint {

/// A picture, or why there is none.
struct MadePicture {
  enum class What {
    Picture,
    None,   ///< the program lives, and can make none of this
    Failed  ///< the program has ended, or was ended
  };
  What what = What::Failed;
  std::string jpeg;
  std::string why;  ///< a part of a line
};

/// Belongs to one thread. The program runs from the first picture on, and ends with this.
class PictureProcess {
 public:
  PictureProcess(std::string program, std::chrono::milliseconds timeout);
  ~PictureProcess() { end(); }
  PictureProcess(const PictureProcess&) = delete;
  PictureProcess& operator=(const PictureProcess&) = delete;

  /// Blocks, `timeout` at most. `asf`: up to kMostPictureInput bytes. `width`: pixels.
  MadePicture make(Bytes asf, unsigned width);
  void end();
  bool is_running() const { return child_ > 0; }

  /// From any thread: make() fails from now on, and soon when it is under way.
  void interrupt();

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  /// Empty, or why it cannot be.
  std::string start();
  /// Empty, or why not.
  std::string transfer(Bytes request, unsigned width, Deadline deadline, MadePicture& made);
  std::string write(Bytes bytes, Deadline deadline);
  std::string read(std::span<std::byte> bytes, Deadline deadline);
  std::string wait(short events, Deadline deadline);

  const std::string program_;
  const std::chrono::milliseconds timeout_;
  pid_t child_ = -1;
  Descriptor socket_;      // the program has the other end as standard input and output
  Descriptor interrupts_;  // readable once interrupted
};

}  // namespace wmpush::pubpoint
