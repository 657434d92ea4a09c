// What a PushStart has sent of its body, for the case that it must be sent again.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::wmhttp {

/// A server answers the head of a PushStart at once, so that its challenge comes while the first
/// bytes of the body are on their way. After so many the body is taken to be wanted.
inline constexpr std::size_t kMaxReplay = 256 * 1024;

class Replay {
 public:
  /// A body of `length` bytes begins. `kept`: it is to be kept at all.
  void begin(std::int64_t length, bool kept) {
    bytes_.clear();
    if (kept) bytes_.reserve(std::min(static_cast<std::size_t>(length), kMaxReplay));
    whole_ = kept;
  }
  void add(Bytes bytes) {
    if (!whole_) return;
    if (bytes_.size() + bytes.size() <= kMaxReplay)
      append(bytes_, bytes);
    else
      forget();
  }
  void forget() {
    whole_ = false;
    std::vector<std::byte>().swap(bytes_);
  }
  /// Everything since begin() is in bytes().
  bool whole() const { return whole_; }
  Bytes bytes() const { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
  bool whole_ = false;
};

}  // namespace wmpush::wmhttp
