// What `wmpush send` tells at its end.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "playlist.hpp"
#include "wmpush/result.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::tool {

struct SendSummary {
  Error error;        ///< of the whole push; success when it has none
  std::string url;    ///< masked
  std::string input;  ///< the one at which it ended
  std::vector<PlaylistEntry> entries;
  std::string server;    ///< empty when none answered
  std::string push_id;   ///< empty when there is none
  bool stopped = false;  ///< a signal ended it before the input did
  wmpush_stats stats{};
  std::chrono::microseconds elapsed{0};
};

/// One JSON object on one line.
std::string json_text(const SendSummary& summary);

/// For a person, after a push that succeeded.
std::string plain_text(const SendSummary& summary);

}  // namespace wmpush::tool
