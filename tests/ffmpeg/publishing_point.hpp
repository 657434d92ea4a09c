// A publishing point for the tests of this folder, and what they push to it with.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ffmpeg/ffmpeg_version.hpp"
#include "pubpoint/server.hpp"
#include "support/child_process.hpp"
#include "support/faulty_server.hpp"

namespace wmpush::test {

using Arguments = std::vector<std::string>;

/// One list of several.
inline Arguments operator+(Arguments first, const Arguments& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

/// What a program that ran to its end left behind.
struct Finished {
  int status = 0;
  std::string output;
  std::string error;
};

Finished run(const Arguments& command, const std::vector<std::string>& environment = {});

/// "-hide_banner -nostdin -nostats -y" and so on before `arguments`.
Arguments ffmpeg(const Arguments& arguments);
Arguments ffmpeg_wmpush(const Arguments& arguments);

/// Whether the pushes are those of an ffmpeg that has the protocol built in, the one that
/// WMPUSH_TEST_FFMPEG names, instead of the stock one's with the preload object.
bool is_built_in();

std::string media(const std::string& name);
std::string read_file(const std::filesystem::path& path);

/// The decoded frames of every stream, a line with time and MD5 for each.
std::string decoded_frames(const std::filesystem::path& file);

/// The number of data packets that the File Properties of an ASF file declare.
std::uint64_t declared_packets(const std::filesystem::path& file);

/// The last line that is not empty.
std::string last_line(const std::string& text);

/// Expects, of the preload object, the exit status that this AVERROR makes in the version of ffmpeg
/// and this result in the last line; of a patched ffmpeg an exit status that is not 0.
void expect_failed(const Finished& push, const std::string& result, int averror);

/// What the ffmpeg that pushes is.
const FfmpegVersion& pushing_version();

/// A publishing point "/live" that records, and a directory that goes away with the test.
class PublishingPoint : public testing::Test {
 protected:
  PublishingPoint();
  ~PublishingPoint() override;

  void start(pubpoint::Settings settings = {});
  std::string url(const std::string& point = "/live") const { return server->url(point); }
  std::filesystem::path file(const std::string& name) const { return directory / name; }

  /// Waits for the end of the only session, and checks that no rule was broken.
  pubpoint::SessionReport ended_session();
  /// Expects the only session to be a complete and faithful copy of `reference`, a file.
  void expect_recording_of(const std::filesystem::path& reference);
  void expect_no_breaches() const;

  std::filesystem::path directory;
  std::unique_ptr<FaultyServer> server;
};

}  // namespace wmpush::test
