// A player that watches, and writes every picture that it shows into a folder of its own.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
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

/// The mean of all points, of 255.
double brightness(const Picture& picture);
/// What test pictures are brighter than that are white, and none that is not.
inline constexpr double kWhite = 230;

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
  /// Waits until the newest picture is white, and says when the first of those was written; none
  /// when the player ends or `limit` passes.
  std::optional<std::filesystem::file_time_type> wait_for_white(Seconds limit);
  /// The files of the pictures so far, in order.
  std::vector<std::filesystem::path> pictures() const;

 private:
  bool is_white(const std::filesystem::path& file) const;

  const PlayerProgram& program_;
  const std::filesystem::path folder_;
  const int changes_;  // of the folder
  const Clock::time_point started_;
  ChildProcess process_;
};

}  // namespace wmpush::test
