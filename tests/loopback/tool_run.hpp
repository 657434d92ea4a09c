// Running the wmpush command against a publishing point of the test's own.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "pubpoint/server.hpp"
#include "support/child_process.hpp"
#include "support/clip.hpp"
#include "support/faulty_server.hpp"

namespace wmpush::test {

using Words = std::vector<std::string>;

/// What a program that ran to its end left behind.
struct Finished {
  int status = 0;
  std::string output;
  std::string error;
  double seconds = 0;
};

/// `wmpush WORDS...`
Words wmpush(const Words& words);
/// The same with standard input from, or standard error to, a file.
Words wmpush_reading(const std::filesystem::path& input, const Words& words);
Words wmpush_telling(const std::filesystem::path& error, const Words& words);

Finished run(const Words& command, const Words& environment = {});

/// Options that make every wait short.
Words quick(Words words);

std::string last_line(const std::string& text);
std::size_t lines_in(const std::string& text);

/// An ASF stream that goes on: the header of a clip, then its packets again and again until there
/// are `size` bytes.
std::string long_stream(std::size_t size);
/// Whole data packets in muxed ASF.
std::size_t packets_in(const std::string& asf);

/// The decoded frames of every stream, with time and MD5; empty when ffmpeg cannot read the file.
std::string decoded_frames(const std::filesystem::path& file);

/// A named pipe that the test writes into, so that a push is at a known place.
class Fifo {
 public:
  explicit Fifo(std::filesystem::path path);
  ~Fifo();
  Fifo(const Fifo&) = delete;
  Fifo& operator=(const Fifo&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Writes everything; false when the reader has gone.
  bool write(std::string_view text);
  /// Writes until the reader takes no more for `patience`; false when everything was taken.
  bool write_until_stalled(std::string_view text, int patience_ms = 300);
  /// Throws away what nobody has read.
  void drain();
  /// End of file for the reader.
  void close();

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

/// A terminal that a program can print on. A bare chroot has none: ask is_to_be_had() first.
class Terminal {
 public:
  static bool is_to_be_had();
  explicit Terminal(unsigned short columns = 80);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// Everything printed so far, and what was typed.
  std::string text();
  /// Waits until `words` were printed; false when they are not within ten seconds.
  bool wait_for(std::string_view words);
  /// What a program reads from the terminal.
  void type(std::string_view words);

 private:
  std::filesystem::path path_;
  int screen_ = -1;
  int keyboard_ = -1;  // held, so that what was printed stays readable
  std::string text_;
};

/// A publishing point "/live" and a folder, both gone with the test.
class ToolTest : public testing::Test {
 protected:
  ToolTest() : server(recording_settings()) {}

  pubpoint::Settings recording_settings() const;
  std::filesystem::path file(const std::string& name) const { return folder.path() / name; }
  std::filesystem::path write_file(const std::string& name, std::string_view content) const;
  void add_fault(At at, Do what, int status = 500, std::uint64_t packet = 1);
  /// The session that came last, once it is over.
  pubpoint::SessionReport last_session();
  std::string breaches() const;

  TemporaryDirectory folder;  // made first: the server records into it
  FaultyServer server;
};

}  // namespace wmpush::test
