// Hands what a session pushes to the thread that records it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/push/push_session.hpp"
#include "pubpoint/record/recording_series.hpp"
#include "pubpoint/record/writer.hpp"

namespace wmpush::pubpoint {

/// What the program is told of a recording. Called from any thread.
struct RecordingEvents {
  std::function<void()> ready;  ///< nothing is known that would keep it from beginning
  std::function<void(const RecordingFailure&)> failed;  ///< once at most
  /// After on_end(), with every file.
  std::function<void(const std::vector<std::filesystem::path>&, const RecordingFailure&)> finished;
};

/// Never waits for the disk: a push for which too much waits already is recorded no further.
class Recorder : public StreamConsumer {
 public:
  /// `writer` must outlive the recorder, `series` and `events` are kept until all is written.
  Recorder(Writer& writer, RecordingRules rules, const std::string& point, RecordingEvents events);

  /// Finds out whether a recording can begin: one of ready and failed.
  void check();
  /// Begins in the middle of the entry that `header` belongs to, with the next key frame.
  void join(Bytes header);
  void on_header(Bytes header) override;
  void on_packet(Bytes packet) override;
  /// Leaves the report running when there is something to finish: what became of the content comes
  /// by RecordingEvents::finished.
  void on_end(SessionReport& report) override;
  /// Writes what has come so far, so that it outlives this process.
  void flush();

 private:
  struct State;

  void hand(std::size_t bytes, std::function<void(RecordingSeries&)> work);
  void give_up();
  void take(Bytes bytes, void (RecordingSeries::*what)(Bytes));

  Writer& writer_;
  const std::shared_ptr<State> state_;
  bool handed_ = false;   // the writer has had something of it
  bool gave_up_ = false;  // too much was waiting
  std::string error_;     // then
};

}  // namespace wmpush::pubpoint
