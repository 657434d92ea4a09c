// A push in real time that players watch, and what they and the recording have of it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/server.hpp"
#include "support/child_process.hpp"
#include "support/temporary_directory.hpp"

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

/// Whether a program can be started.
bool is_installed(const std::string& program);

/// The publishing point and the push are those of all tests: the push starts with the first one.
class Players : public testing::Test {
 protected:
  /// The longest a player may take to its first picture, with the machine busy. An idle one takes
  /// less than one second, a player's own start included.
  static constexpr Seconds kFirstPicture{15};

  static void SetUpTestSuite();
  static void TearDownTestSuite();

  /// A push that is older than what a viewer gets at once.
  static void have_push();
  /// `source`: the test picture, of ffmpeg.
  static void start_encoder(const std::string& source = "testsrc2");
  static void kill_encoder();

  static std::string url(const std::string& scheme) {
    return scheme + "://127.0.0.1:" + std::to_string(server->port()) + "/live";
  }
  static pubpoint::SessionReport newest_session();
  static std::vector<std::filesystem::path> recordings();

  static std::unique_ptr<TemporaryDirectory> folder;
  static std::unique_ptr<pubpoint::Server> server;
  static std::unique_ptr<ChildProcess> encoder;
};

}  // namespace wmpush::test
