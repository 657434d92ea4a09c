// The packets that came last, for a client that sends some of them again.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "core/bytes.hpp"

namespace wmpush::pubpoint {

/// A client whose connection breaks cannot always know what arrived: an acknowledgement may be lost
/// with the connection. It then sends packets again that are here already, in one run that ends
/// where the lost connection did.
class RecentPackets {
 public:
  /// Another entry of a playlist begins: it may have the same packets as the one before.
  void forget();
  /// The session is resumed: a run of repeated packets may come.
  void resume();
  /// Whether `packet` is one that came before the resume. Otherwise it is new, and remembered.
  bool repeats(Bytes packet);

 private:
  bool is_next_of_run(std::uint64_t packet);

  std::deque<std::uint64_t> hashes_;  // oldest first
  bool run_may_begin_ = false;
  std::size_t next_ = 0;  // in hashes_; its size when no run is under way
};

}  // namespace wmpush::pubpoint
