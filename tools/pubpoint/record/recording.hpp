// One recording: an ASF file that can be played while it grows, and sought in when it is finished.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "pubpoint/record/recording_file.hpp"
#include "pubpoint/record/simple_index.hpp"
#include "pubpoint/running_time.hpp"

namespace wmpush::pubpoint {

/// What the packets of a stream say about its time.
struct StreamTime {
  std::uint64_t latest = 0;  ///< ms
  std::uint64_t step = 0;    ///< ms from the object before the latest one to it
  bool seen = false;
};

/// Whether a file of the streams of `header` can begin with the packet: a key frame of the video
/// begins in it, or there is no video.
bool may_begin_file(const asf::Header& header, Bytes packet);

class Recording {
 public:
  /// Entries of the indexes of all streams together, at most: 55 hours of one stream, second by
  /// second. Six bytes each in the file, eight in memory until then.
  static constexpr std::size_t kMaxIndexEntries = 200'000;

  /// Where the first packet comes from: the times of one from the middle of a push are counted from
  /// zero on, as are those of a push whose clock has run for long.
  enum class Begins { WithThePush, InTheMiddle };

  /// Makes the file. `header` is an ASF header with the first 50 bytes of the Data Object. On
  /// failure error() says why.
  Recording(const std::filesystem::path& path, Bytes header, Begins begins = Begins::WithThePush);

  /// Appends a packet, padded to its full size.
  void add(Bytes packet);

  /// Whether another file of the same streams can begin with the packet.
  bool may_begin_with(Bytes packet) const { return may_begin_file(header_, packet); }

  /// Bytes so far, without the index.
  std::uint64_t size() const { return file_.size(); }
  /// From the first to the last send time.
  std::chrono::milliseconds duration() const;
  std::uint64_t packets() const { return packets_; }

  /// Writes what was added so far, so that it outlives this process. A file that somebody has
  /// removed is an error.
  void flush();

  /// Writes the index, and sizes, counts and durations into the header. After an error the file
  /// ends with the last whole packet that the disk has taken, and has no index.
  void finish();

  /// Where the file is, as far as flush() and finish() have seen: whoever moves it takes what is
  /// still to come along. Empty when it was removed.
  const std::filesystem::path& path() const { return path_; }

  /// One line; empty while all is well.
  const std::string& error() const { return error_; }
  /// The file was made, whatever went wrong then.
  bool made() const { return file_.open() || file_.flushed() > 0; }
  /// errno of the call that failed; 0 when none did.
  int error_number() const { return file_.error(); }

 private:
  /// Takes the times of packet_, and moves them when the recording does not begin near zero.
  void take_times(const asf::DataPacket& head);
  void note_send_time(std::uint64_t time, std::uint32_t duration);
  void note_object(std::uint8_t stream, std::uint64_t time);
  std::size_t entries_allowed() const;
  /// What the header says of the packets up to one.
  struct Extent {
    std::uint64_t last_send = 0;  // ms
    std::uint64_t end = 0;        // of the presentation, ms
  };
  Extent extent() const;
  void note_extent();
  /// Packets that are whole in the file.
  std::uint64_t packets_in_file() const;
  void patch_header(const Extent& extent, std::uint64_t packets, std::uint64_t file_size);
  void check_file(const char* doing);
  void check_place();

  std::filesystem::path path_;
  RecordingFile file_;
  asf::Header header_;
  std::vector<std::byte> packet_;
  std::uint64_t packets_ = 0;
  const Begins begins_;
  std::optional<RunningTime> time_;          // from the first send time on
  std::optional<std::uint64_t> first_send_;  // ms
  std::uint64_t last_send_ = 0;
  std::optional<std::uint64_t> earliest_;  // presentation, ms
  std::array<StreamTime, 128> times_{};
  std::map<std::uint8_t, SimpleIndex> indexes_;  // of the video streams
  // Behind the last packet that is in the file, and behind each that is not: those may be lost.
  std::vector<Extent> extents_{{}};
  std::uint64_t extents_from_ = 0;  // packets that the first one is behind
  std::string error_;
};

}  // namespace wmpush::pubpoint
