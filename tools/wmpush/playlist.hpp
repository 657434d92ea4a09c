// The inputs of `wmpush send`, one after another.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "asf/splitter.hpp"
#include "input.hpp"
#include "wmpush/result.hpp"

namespace wmpush::tool {

/// One input, and what has become of it.
struct PlaylistEntry {
  std::string path;           ///< "-" is standard input
  bool begun = false;         ///< its header was pushed
  std::uint64_t packets = 0;  ///< data packets of it that were pushed
  Error error = {};           ///< why not all of it was
};

/// Each entry becomes one of the push: the first begins the stream, each further one follows by a
/// stream change, whose header may be a little smaller.
class Playlist {
 public:
  /// `paths` has at least one. `fixed`: headers are made to fit; `largest`: what the receiver takes
  /// of one, in bytes, 0 = what the protocol allows.
  Playlist(const std::vector<std::string>& paths, bool fixed, std::size_t largest);

  /// Opens the first entry, and looks whether each one that is a file begins with an ASF header
  /// that can be pushed in its place. What is no file can be read only once: it is not looked at.
  /// `stopped` is asked between reads.
  Error check(const std::function<bool()>& stopped);

  /// Goes on to the next entry; false when there is none.
  bool advance();
  /// Opens the entry that advance() went on to.
  Error open();

  PlaylistEntry& entry() { return entries_[index_]; }
  Input& input() { return input_; }
  std::size_t number() const { return index_ + 1; }
  bool on_last() const { return index_ + 1 == entries_.size(); }
  const std::vector<PlaylistEntry>& entries() const { return entries_; }
  /// What the entry's bytes have to keep to.
  asf::Splitter::Limits limits() const { return limits_of(index_); }

 private:
  std::size_t room_of(std::size_t index) const;
  asf::Splitter::Limits limits_of(std::size_t index) const;
  Error check_header(std::size_t index, Bytes header) const;
  Error check(std::size_t index, Input& input, const std::function<bool()>& stopped) const;

  const bool fixed_;
  const std::size_t largest_;
  std::vector<PlaylistEntry> entries_;
  std::size_t index_ = 0;
  Input input_;
};

/// `error` as one about `input`, named.
Error about(const Input& input, Error error);

/// Why `splitter` could make no header of all that `input` had.
Error ended_early(const Input& input, const asf::Splitter& splitter);

}  // namespace wmpush::tool
