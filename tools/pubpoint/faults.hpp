// What the server does wrong on purpose, and when.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <vector>

#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

class Faults {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }

  /// The fault that strikes at this place, if there is one; it is then one time nearer to being
  /// spent. `packet` counts the session's $D from 1 and matters for At::Packet only.
  std::optional<Fault> strike(At at, std::uint64_t packet = 0);

  bool empty() const { return faults_.empty(); }

 private:
  std::vector<Fault> faults_;
};

}  // namespace wmpush::pubpoint
