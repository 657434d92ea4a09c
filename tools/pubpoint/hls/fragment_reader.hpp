// Takes fragmented MP4 apart: ISO/IEC 14496-12, as far as HLS needs it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// A moof with its mdat.
struct Fragment {
  std::string bytes;
  std::chrono::microseconds duration{0};  ///< of the video, or else of the first track
};

class FragmentReader {
 public:
  /// `largest`: bytes of a fragment.
  explicit FragmentReader(std::size_t largest) : largest_(largest) {}

  /// Takes what comes next and adds the fragments that are whole to `done`. Empty, or one line that
  /// says what is wrong, and then nothing more is to be given.
  std::string take(Bytes input, std::vector<Fragment>& done);
  /// ftyp and moov; empty before they are whole.
  const std::string& init() const { return init_; }

 private:
  struct Track {
    std::uint32_t timescale = 0;
    std::uint32_t default_duration = 0;
    bool is_video = false;
  };
  std::string take_box(std::string_view type, Bytes box, std::size_t head,
                       std::vector<Fragment>& done);
  bool read_moov(Bytes content);
  std::chrono::microseconds duration_of(Bytes moof) const;

  std::size_t largest_;
  std::vector<std::byte> input_;
  std::string init_;
  std::string file_type_;
  std::map<std::uint32_t, Track> tracks_;
  std::uint32_t timed_ = 0;  // the track whose duration counts
  Fragment fragment_;
};

}  // namespace wmpush::pubpoint
