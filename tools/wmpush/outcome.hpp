// How the command ends: exit status and last line.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "wmpush/result.hpp"

namespace wmpush::tool {

enum ExitStatus {
  kSuccess = 0,
  kFailed = 1,
  kBadUsage = 2,
  kRulesBroken = 3,  ///< `serve --once`: the push broke rules of the protocol
  kNoWholePush = 4   ///< `serve --once`: no push came, or it broke off
};

/// kBadUsage for a URL, an option or an argument that is not valid; kFailed for every other
/// failure.
ExitStatus exit_status(Result result);

/// "wmpush send: MESSAGE: NS_E_TIMEOUT (0xC00D0013)", one line without a line break.
std::string failure_line(std::string_view command, const Error& error);

/// Prints the failure line to standard error and returns its exit status; prints nothing for a
/// success.
ExitStatus conclude(std::string_view command, const Error& error);

/// A command line that cannot be followed, with where to read on.
ExitStatus refuse_usage(std::string_view command, const std::string& message);

}  // namespace wmpush::tool
