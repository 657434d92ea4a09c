// What is left out where the network is slower than a live source that cannot wait.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "asf/header.hpp"
#include "core/bytes.hpp"

namespace wmpush {

/// Bytes that may wait for the network when queue_size is 0.
inline constexpr std::size_t kDefaultQueue = std::size_t{2} << 20;

/// Whole packets are left out from when the queue is full until it has drained to a quarter, and a
/// packet with a key frame comes: what arrives can be decoded. Sound alone goes on at once.
class Congestion {
 public:
  /// `limit`: bytes that may wait.
  explicit Congestion(std::size_t limit) : limit_(limit) {}

  /// An entry begins.
  void take_header(const asf::Header& header);

  /// What becomes of a packet when `queued` bytes wait for the network: empty, it is left out; else
  /// what of it is sent, which is all or, in the packet that goes on, what is not of the picture
  /// before. Valid until the next call.
  Bytes admit(Bytes packet, std::size_t queued);

  /// Packets are left out just now.
  bool is_dropping() const { return dropping_; }
  std::uint64_t dropped() const { return dropped_; }
  /// What the log is to hear of the last packet; empty: nothing.
  std::string take_note();

 private:
  /// Whether a packet has the beginning of a key frame; `kept_` then has what to send of it.
  bool begins_again(Bytes packet);

  const std::size_t limit_;
  std::vector<std::uint8_t> videos_;  // numbers of streams
  bool dropping_ = false;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_before_ = 0;  // when this began
  std::vector<std::byte> kept_;
  std::string note_;
};

}  // namespace wmpush
