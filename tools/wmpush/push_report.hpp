// What `wmpush serve --once` says of the one push that it took.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "outcome.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::tool {

struct PushReport {
  std::optional<pubpoint::SessionReport> push;  ///< the first that began; nothing: none did
  std::vector<pubpoint::Breach> breaches;       ///< in the order in which they were seen
  std::string nothing_came;  ///< without a push or a breach: why no more was waited for

  /// kSuccess for a push that sent its whole stream, kept every rule and, where it was recorded, is
  /// in its files; kRulesBroken; kNoWholePush; kFailed when only the recording is not whole.
  ExitStatus status() const;
  /// One line for people, that says why the status is what it is.
  std::string text() const;
  /// One JSON object on one line.
  std::string json() const;
};

}  // namespace wmpush::tool
