// The lines of a session's log. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "wmpush/wmpush.h"

namespace wmpush::test {

/// Has the log add each of its lines to `lines`, which outlives the sessions that have `options`.
inline void keep_log(wmpush_options& options, std::string& lines) {
  options.log = [](void* to, wmpush_log_level, const char* line) {
    *static_cast<std::string*>(to) += std::string(line) + "\n";
  };
  options.log_opaque = &lines;
}

}  // namespace wmpush::test
