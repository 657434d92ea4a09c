// The rules that a publishing point finds broken by a pusher.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <span>

namespace wmpush::pubpoint {

struct PushRule {
  enum class Of {
    Request,  ///< what every request of a pusher has to keep
    Stream,   ///< what the body of a PushStart has to keep
    Point     ///< what the publishing point does: a pusher only gives it cause
  };

  const char* id;    ///< as in Breach::rule
  const char* text;  ///< what it asks for, one sentence
  Of of;
};

/// In the order of tests/conformance/rules.txt, whose words they have.
std::span<const PushRule> push_rules();

}  // namespace wmpush::pubpoint
