// A push in real time that players watch, and what they and the recording have of it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "pubpoint/server.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"
#include "watcher.hpp"

namespace wmpush::test {

using Words = std::vector<std::string>;

/// A packet of a stream as ffmpeg's demuxer gives it.
struct Frame {
  std::int64_t time = 0;  ///< ms
  std::string md5;
};
/// The packets of each stream, in order.
using Frames = std::map<int, std::vector<Frame>>;
inline constexpr int kVideo = 0;
inline constexpr int kAudio = 1;

/// Reads ffmpeg's framemd5 format.
Frames read_frames(const std::string& framemd5);
/// The packets of files that belong together, one after the other.
Frames frames_of(const std::vector<std::filesystem::path>& files);

/// Expects every received packet to be one of `sent`, in order and without a hole, and the time
/// between sound and picture to be what it was within 5 ms.
void expect_part_of(const Frames& received, const Frames& sent);

/// A push of a film in real time, but for its beginning, which goes out at once.
class FilmPush {
 public:
  /// What of the film is over when the push has begun.
  static constexpr Seconds kLate{35};

  FilmPush(const std::filesystem::path& film, const std::string& url);
  /// The connection is gone without an end, as when an encoder is killed.
  ~FilmPush();
  FilmPush(const FilmPush&) = delete;
  FilmPush& operator=(const FilmPush&) = delete;

 private:
  void push(const std::filesystem::path& film, const std::string& url);

  std::atomic<bool> over_ = false;
  std::thread thread_;
};

/// The publishing point is that of all tests, and so is the push: it starts with the first one, and
/// is 35 s old by then.
class Players : public testing::Test {
 protected:
  /// The longest a player may take to its first picture, with the machine busy. An idle one takes
  /// less than one second, a player's own start included.
  static constexpr Seconds kFirstPicture{15};

  static void SetUpTestSuite();
  static void TearDownTestSuite();

  /// A push that has gone on for longer than anything that a server keeps for viewers.
  static void have_push();
  /// `source`: the test picture, of ffmpeg, with arguments or without.
  static void start_encoder(const std::string& source = "testsrc2");
  static void kill_encoder();
  /// Nobody pushes any more.
  static void end_push();
  /// Another publishing point, at which nobody has pushed.
  static void begin_anew();

  static std::string url(const std::string& scheme) {
    return scheme + "://127.0.0.1:" + std::to_string(server->port()) + "/live";
  }
  static pubpoint::SessionReport newest_session();
  static std::vector<std::filesystem::path> recordings();

  static std::unique_ptr<TemporaryDirectory> folder;
  static std::unique_ptr<pubpoint::Server> server;
  static std::unique_ptr<FilmPush> film;
  static std::unique_ptr<ChildProcess> encoder;
};

}  // namespace wmpush::test
