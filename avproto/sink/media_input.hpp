// What the program hands in: from muxed ASF to the headers and packets that the engine takes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "asf/header_trim.hpp"
#include "asf/splitter.hpp"
#include "core/bytes.hpp"
#include "sink/congestion.hpp"
#include "sink/session_log.hpp"
#include "wmhttp/push_engine.hpp"
#include "wmpush/result.hpp"
#include "wmpush/wmpush.h"

namespace wmpush {

/// Nothing here waits: what the engine has taken, its owner sends.
class MediaInput {
 public:
  struct Settings {
    bool fix_header = true;
    bool strip_padding = true;
    std::size_t max_header = 0;        ///< bytes; 0: what the protocol allows
    std::uint32_t max_bitrate = 0;     ///< bit/s, for a header that does not know; 0: estimated
    std::optional<std::size_t> queue;  ///< bytes behind which packets are left out; none: never
  };
  /// Both are borrowed.
  MediaInput(const Settings& settings, wmhttp::PushEngine& engine, const SessionLog& log)
      : settings_(settings), engine_(engine), log_(log) {
    if (settings.queue) congestion_.emplace(*settings.queue);
  }

  /// The next bytes of muxed ASF, in pieces of any size. NS_E_INVALID_DATA, which end_writing() and
  /// check_whole() say afterwards as well; or what the engine says.
  Error write(Bytes asf);
  /// An ASF Header Object with the first 50 bytes of the Data Object.
  Error header(Bytes header);
  Error packet(Bytes packet);

  /// No more comes. NS_E_INVALID_DATA when that is in the middle of a header or a packet, or what
  /// came was wrong.
  Error end_writing();
  bool writing_ended() const { return writing_ended_; }
  /// Why what write() got is no whole ASF stream, as far as that is known: a stream that stops here
  /// may be cut off.
  const Error& check_whole();
  /// write() was used.
  bool splitting() const { return splitting_; }

  /// Packets are left out where the network is too slow, rather than waited for.
  bool queues() const { return congestion_.has_value(); }
  /// Fills in what is counted here.
  void add_to(wmpush_stats& stats) const;

 private:
  Error accept(const asf::Splitter::Unit& unit);
  std::size_t header_room() const;
  Error fix_header(Bytes header, std::vector<std::byte>& fixed) const;
  Error send_header(Bytes header);
  Error send_packet(Bytes packet);
  void tell_of_limits(std::size_t header, std::uint32_t packet) const;

  const Settings settings_;
  wmhttp::PushEngine& engine_;
  const SessionLog& log_;
  std::optional<Congestion> congestion_;
  asf::Splitter splitter_{{.header = asf::kMaxInputHeader}};
  bool splitting_ = false;
  bool writing_ended_ = false;
  Error input_error_;

  std::uint64_t bytes_accepted_ = 0;
  std::uint64_t packets_accepted_ = 0;
  std::uint64_t packets_malformed_ = 0;
  std::uint64_t padding_bytes_ = 0;
  std::int64_t duration_ = 0;                    // us of media
  std::optional<std::uint32_t> last_send_time_;  // ms, of the last well-formed packet
};

}  // namespace wmpush
