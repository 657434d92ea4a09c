// ASF whose packets are all different, and can be told from each other wherever they arrive.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <optional>
#include <vector>

#include "core/bytes.hpp"

namespace wmpush::test {

/// A header and packets with the numbers 0, 1, 2, … in them, of different lengths within their
/// fixed size, so that the frames differ in length once padding is left out.
class NumberedStream {
 public:
  /// `bitrate` in bit/s is what the header declares and what the send times go by. `packet_size`
  /// is 200 or more.
  explicit NumberedStream(std::uint32_t packets, std::size_t packet_size = 1400,
                          std::uint32_t bitrate = 2'000'000);

  std::uint32_t packets() const { return packets_; }
  Bytes header() const { return Bytes(asf_).first(header_size_); }
  Bytes packet(std::uint32_t number) const {
    return Bytes(asf_).subspan(header_size_ + number * packet_size_, packet_size_);
  }
  /// The number of a packet of this stream, as it was or without its padding. Nothing when its
  /// content is not what was sent.
  std::optional<std::uint32_t> number_of(Bytes packet) const;
  /// Header and packets, as a muxer would write them.
  Bytes asf() const { return asf_; }

 private:
  std::vector<std::byte> asf_;
  std::size_t header_size_;
  std::size_t packet_size_;
  std::uint32_t packets_;
};

/// What arrived of a numbered stream.
struct Arrivals {
  std::uint64_t packets = 0;
  std::vector<std::uint32_t> missing;
  std::vector<std::uint32_t> twice;  ///< arrived more than once
  std::vector<std::uint32_t> late;   ///< arrived behind a packet with a higher number
  std::uint64_t altered = 0;         ///< with another content than was sent, or none of ours

  bool in_order_once() const { return twice.empty() && late.empty() && altered == 0; }
  bool all() const { return in_order_once() && missing.empty(); }
};
std::ostream& operator<<(std::ostream& out, const Arrivals& arrivals);

struct ArrivedPacket {
  std::optional<std::uint32_t> number;         ///< as NumberedStream::number_of() has it
  std::chrono::steady_clock::time_point at{};  ///< where that is known
};

/// What the packets that arrived, in this order, mean.
Arrivals arrivals_of(const NumberedStream& sent, const std::vector<ArrivedPacket>& packets);

/// Compares the content of the packets in recordings, in the order given, with what was sent. Times
/// may differ: a recording moves them to its beginning.
Arrivals arrivals_of(const NumberedStream& sent, const std::vector<std::filesystem::path>& files);

}  // namespace wmpush::test
