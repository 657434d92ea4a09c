// Makes segments of a stream: FFmpeg's program, what it is given and what comes out.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)
#include <vector>

#include "pubpoint/hls/fragment_reader.hpp"
#include "pubpoint/hls/hls_settings.hpp"
#include "pubpoint/hls/program_words.hpp"
#include "pubpoint/point/stream_item.hpp"
#include "pubpoint/process/child_program.hpp"

namespace wmpush::pubpoint {

/// Belongs to the thread of its io_context, in which it calls `events` and is called, and never
/// waits there: what the program does not take at once waits in a queue with a bound.
class Packager : public std::enable_shared_from_this<Packager> {
 public:
  struct Events {
    std::function<void(std::string)> init;  ///< what stands before all segments; called once, first
    std::function<void(std::string, std::chrono::microseconds)> segment;
    /// So many packets were left out, up to a key frame.
    std::function<void(std::uint64_t)> dropped;
    /// Called once, at the end: empty when its input had ended, and it with it; else why.
    std::function<void(std::string)> over;
  };
  Packager(boost::asio::io_context& context, HlsSettings settings, HlsMode mode, Events events);

  /// Starts the program, and gives it `header` and `packets`.
  void start(const std::shared_ptr<const EntryHeader>& header,
             const std::deque<std::shared_ptr<const Packet>>& packets);
  void take(const std::shared_ptr<const Packet>& packet);
  /// The stream has ended: over() comes when the program has written the rest.
  void finish();
  /// Ends the program at once, for a reason that over() gets.
  void kill(std::string why);

 private:
  struct Piece {
    std::shared_ptr<const void> owner;  // of the bytes
    Bytes bytes;
  };
  using Descriptor = boost::asio::posix::stream_descriptor;

  std::string open(bool has_video);
  void give(Piece piece);
  void write_next();
  void read_output();
  void read_errors();
  void take_output(Bytes bytes);
  void emit();
  void check_over();

  const HlsSettings settings_;
  const HlsMode mode_;
  Events events_;
  const std::shared_ptr<ChildProgram> program_;
  Descriptor input_;  // of the program, as the next two: our ends of its pipes
  Descriptor output_;
  Descriptor errors_;
  std::deque<Piece> queue_;
  std::size_t queued_ = 0;     // bytes
  std::uint64_t dropped_ = 0;  // since the last key frame that was taken
  bool writing_ = false;
  bool input_ends_ = false;
  bool broken_ = false;  // it reads no more
  bool runs_ = false;
  std::array<std::byte, 65536> output_buffer_;
  std::array<char, 1024> errors_buffer_;
  FragmentReader reader_;
  bool has_init_ = false;
  Fragment segment_;  // which more fragments may belong to
  Complaints complaints_;
  std::string why_;  // it was ended, or has not begun
  std::string ended_so_;
};

}  // namespace wmpush::pubpoint
