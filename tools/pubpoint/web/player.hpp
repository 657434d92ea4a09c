// What plays a point in its page.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "pubpoint/web/html.hpp"
#include "pubpoint/web/page.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// Where the point has HLS. Nothing is asked for before somebody wants to watch: an open page alone
/// keeps no program running.
void add_player(Html& html, const PointNumbers& point, const PageAddress& address);

}  // namespace wmpush::pubpoint
