// Writes what a session pushes to files: one for each entry.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/push_session.hpp"
#include "pubpoint/recording.hpp"

namespace wmpush::pubpoint {

/// File name, without its extension, for a push: what is safe of the point's name, and the push-id.
/// Never a path, never hidden.
std::string recording_name(const std::string& point, const std::string& push_id);

class Recorder : public StreamConsumer {
 public:
  /// Files go to `directory`, which exists. `log` takes one line for people.
  Recorder(std::filesystem::path directory, std::string name,
           std::function<void(const std::string&)> log);

  void on_header(Bytes header) override;
  void on_packet(Bytes packet) override;
  void on_end(SessionReport& report) override;
  /// Writes what has come so far, so that it outlives this process.
  void flush();

 private:
  void finish();
  void report_error();

  std::filesystem::path directory_;
  std::string name_;
  std::function<void(const std::string&)> log_;
  std::unique_ptr<Recording> recording_;  // of the current entry
  std::filesystem::path path_;
  std::vector<std::filesystem::path> finished_;
  unsigned entry_ = 0;
  std::string error_;  // the first one
};

}  // namespace wmpush::pubpoint
