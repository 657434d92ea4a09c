// A player that watches, and writes every picture that it shows into a folder of its own.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace wmpush::test {

/// A player that can be had from Debian.
struct PlayerProgram {
  const char* name;     ///< "VLC_mmsh"
  const char* program;  ///< that has to be installed
  const char* package;
  const char* scheme;
  /// The command that watches `url` and writes PNG files into `folder`, named so that the last one
  /// comes last.
  std::vector<std::string> (*command)(const std::string& url, const std::string& folder);
};

/// Those who show pictures.
const std::vector<PlayerProgram>& player_programs();

/// Whether a program can be started.
bool is_installed(const std::string& program);

/// A picture, small and grey, as bytes.
using Picture = std::string;
/// What ffmpeg decodes of a file, from `begin` on.
std::vector<Picture> pictures_of(const std::filesystem::path& file, Seconds begin = Seconds(0));
/// How much the most similar one of `pictures` differs: the mean of all points, of 255.
double difference(const Picture& one, const std::vector<Picture>& pictures);

/// Pictures that differ by no more are of the same test picture: what moves in it is small. Those
/// of different ones differ by ten times as much.
inline constexpr double kSameKind = 12;

/// Starts with the constructor, and ends with the destructor.
class Watcher {
 public:
  using Clock = std::chrono::steady_clock;

  /// `folder` is made; everybody may write into it, since VLC does not run as root.
  Watcher(const PlayerProgram& program, const std::string& url, std::filesystem::path folder);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  const char* name() const { return program_.name; }
  ChildProcess& process() { return process_; }
  Clock::time_point started() const { return started_; }

  /// Waits until more than `count` pictures are there; false when it ends or `limit` passes.
  bool wait_for_more_than(std::size_t count, Seconds limit);
  /// Waits until the newest picture looks like one of `pictures`; false when it ends or `limit`
  /// passes.
  bool wait_for_one_of(const std::vector<Picture>& pictures, Seconds limit);
  /// The files of the pictures so far, in order.
  std::vector<std::filesystem::path> pictures() const;

 private:
  const PlayerProgram& program_;
  const std::filesystem::path folder_;
  const int changes_;  // of the folder
  const Clock::time_point started_;
  ChildProcess process_;
};

}  // namespace wmpush::test
