// The files that one push is recorded in: one for each entry, or more of them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/limit_counts.hpp"
#include "pubpoint/point/stream_gate.hpp"
#include "pubpoint/point/stream_item.hpp"
#include "pubpoint/record/file_slots.hpp"
#include "pubpoint/record/recording.hpp"
#include "pubpoint/record/recording_name.hpp"

namespace wmpush::pubpoint {

struct RecordedFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::chrono::milliseconds duration{0};  ///< from the first to the last send time
};

/// Where recordings go, and when the next file begins.
struct RecordingRules {
  std::filesystem::path directory;
  std::string name = kRecordingName;  ///< recording_name()
  /// Bytes, and time from the first to the last send time, after which the next file begins with
  /// the next key frame. 0: no limit.
  std::uint64_t size = 0;
  std::chrono::milliseconds time{0};
  std::uint64_t free = 0;              ///< bytes that the disk keeps free; 0: none
  std::shared_ptr<FileSlots> files{};  ///< each file that is written takes one; null: no limit
  std::function<std::chrono::system_clock::time_point()> clock = [] {
    return std::chrono::system_clock::now();
  };
  /// Hears of each file once it is finished; empty: nobody.
  std::function<void(const RecordedFile&)> on_file{};
};

/// Not whole, and why: the status that tells it to an encoder, and one line.
struct RecordingFailure {
  int status = 0;  ///< 507 when there is no space, else 503; 0: nothing failed
  std::string text;
  std::optional<Limit> limit{};  ///< that was met
};

/// Does what it is told at once, and waits for the disk. After a failure nothing more is recorded
/// of the entry.
class RecordingSeries {
 public:
  RecordingSeries(RecordingRules rules, std::string point);

  /// Fails when a recording could not begin now, which makes no file.
  void check();
  /// `header`: Header Object and the first 50 bytes of the Data Object.
  void begin_entry(Bytes header);
  /// The same in the middle of an entry: the file begins with the next key frame.
  void join_entry(Bytes header);
  void add(Bytes packet);
  /// Writes what has come so far, so that it outlives this process.
  void flush();
  /// Ends the current file with its last packet.
  void give_up(RecordingFailure why);
  /// Ends the current file.
  void finish();

  /// Those that are finished, the first 10,000.
  const std::vector<std::filesystem::path>& files() const { return files_; }
  /// The first one.
  const RecordingFailure& failure() const { return failure_; }

 private:
  /// What of a packet belongs to the entry that is joined, into `packet`; false: nothing, or not
  /// yet.
  bool join_with(Bytes& packet, std::vector<std::byte>& edited);
  void begin_file(Recording::Begins begins);
  void end_file();
  bool enough() const;
  bool enough_free();
  void fail_for_want_of_slots();
  void note_error();
  void fail(RecordingFailure why);

  const RecordingRules rules_;
  const std::string point_;
  std::vector<std::byte> header_;  // of the entry
  /// An entry that is joined in its middle: what belongs to objects that began before is left out.
  struct Joining {
    std::shared_ptr<const EntryHeader> header;
    StreamGate gate;
    bool begun = false;  // its key frame has come
  };
  std::optional<Joining> joining_;  // until each stream has begun
  unsigned entry_ = 0;
  std::shared_ptr<const void> slot_;  // of the file that is written
  std::unique_ptr<Recording> recording_;
  std::string last_name_;         // without a number
  unsigned last_number_ = 1;      // that it was given
  std::uint64_t checked_at_ = 0;  // size when the free space was looked at
  std::vector<std::filesystem::path> files_;
  RecordingFailure failure_;
};

}  // namespace wmpush::pubpoint
