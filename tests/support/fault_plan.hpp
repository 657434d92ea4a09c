// What a server has been told to do wrong, and has not done yet.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "support/faulty_server.hpp"

namespace wmpush::test {

/// From any thread.
class FaultPlan {
 public:
  void add(Fault fault);
  /// The fault that strikes at this place, if there is one; it is then one time nearer to being
  /// spent. `packet` counts the session's $D from 1 and matters for At::Packet only.
  std::optional<Fault> strike(At at, std::uint64_t packet = 0);

 private:
  std::mutex mutex_;
  std::vector<Fault> faults_;
};

}  // namespace wmpush::test
