// One recording: an ASF file that can be played while it grows, and sought in when it is finished.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "pubpoint/simple_index.hpp"

namespace wmpush::pubpoint {

/// A new file, written through a buffer. The first error stays, and later writes do nothing.
class RecordingFile {
 public:
  RecordingFile() = default;
  ~RecordingFile() { close(); }
  RecordingFile(const RecordingFile&) = delete;
  RecordingFile& operator=(const RecordingFile&) = delete;

  /// False when the file exists or cannot be made; error() then is errno.
  bool create(const std::filesystem::path& path);
  void append(Bytes bytes);
  /// Bytes that are in the file, without those in the buffer.
  std::uint64_t flushed() const { return flushed_; }
  void flush();
  /// Drops what is behind `size` bytes, and with it what could not be written.
  void truncate(std::uint64_t size);
  /// Overwrites bytes that are in the file.
  void patch(std::uint64_t at, Bytes bytes);
  void close();
  int error() const { return error_; }

 private:
  bool write_all(Bytes bytes, std::uint64_t at);

  int file_ = -1;
  int error_ = 0;
  std::uint64_t flushed_ = 0;
  std::vector<std::byte> buffer_;
};

/// What the packets of a stream say about its time.
struct StreamTime {
  std::uint32_t latest = 0;  ///< ms
  std::uint32_t step = 0;    ///< ms from the object before the latest one to it
  bool seen = false;
};

class Recording {
 public:
  /// Makes the file. `header` is an ASF header with the first 50 bytes of the Data Object. On
  /// failure error() says why.
  Recording(const std::filesystem::path& path, Bytes header);

  /// Appends a packet, padded to its full size.
  void add(Bytes packet);

  /// Writes what was added so far, so that it outlives this process.
  void flush();

  /// Writes the index, and sizes, counts and durations into the header. After an error of add() the
  /// file ends with the last packet that it took, and has no index.
  void finish();

  /// One line; empty while all is well.
  const std::string& error() const { return error_; }

 private:
  /// Takes the times of packet_, and moves them when the recording does not begin near zero.
  void take_times(const asf::DataPacket& head);
  void note_send_time(std::uint32_t time, std::uint32_t duration);
  void note_object(std::uint8_t stream, std::uint32_t time);
  void patch_header(std::uint64_t packets, std::uint64_t file_size);
  void check_file(const char* doing);

  std::filesystem::path path_;
  RecordingFile file_;
  asf::Header header_;
  std::vector<std::byte> packet_;
  std::uint64_t packets_ = 0;
  std::optional<std::uint32_t> base_;        // ms taken off every time
  std::optional<std::uint32_t> first_send_;  // ms
  std::uint32_t last_send_ = 0;
  std::optional<std::uint32_t> earliest_;  // presentation, ms
  std::array<StreamTime, 128> times_{};
  std::map<std::uint8_t, SimpleIndex> indexes_;  // of the video streams
  std::string error_;
};

}  // namespace wmpush::pubpoint
