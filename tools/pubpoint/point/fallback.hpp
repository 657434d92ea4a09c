// What is shown while nobody pushes: an ASF file, over and over.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "pubpoint/clock.hpp"
#include "pubpoint/point/broadcast.hpp"

namespace wmpush::pubpoint {

/// A file in memory, shared by all points.
class FallbackFile {
 public:
  static constexpr std::size_t kMost = std::size_t{64} << 20;  ///< bytes

  /// Takes the first entry of `asf`. Null, with one line in `error`, when it is no ASF file, has no
  /// packets or more than kMost bytes.
  static std::shared_ptr<const FallbackFile> parse(Bytes asf, std::string& error);

  struct Step {
    std::vector<std::byte> packet;
    std::chrono::milliseconds at{0};  ///< after the first one
  };
  Bytes header() const { return header_; }
  const std::vector<Step>& steps() const { return steps_; }

 private:
  std::vector<std::byte> header_;
  std::vector<Step> steps_;
};

/// Plays it to one point, in its own time.
class Fallback {
 public:
  explicit Fallback(std::shared_ptr<const FallbackFile> file) : file_(std::move(file)) {}

  /// Shows what is due by now; begins anew where something was pushed since.
  void advance(Broadcast& broadcast, Clock::time_point now);
  /// Someone pushes: the next advance() begins anew.
  void stop() { playing_ = false; }

 private:
  std::shared_ptr<const FallbackFile> file_;
  bool playing_ = false;
  std::uint64_t pushed_entries_ = 0;
  std::size_t next_ = 0;
  Clock::time_point began_{};
};

}  // namespace wmpush::pubpoint
