// The pages that people look at: whole HTML documents, which need no script.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "pubpoint/web/clients.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// How the one who looks has called the server, for the links of a player.
struct PageAddress {
  bool secure = false;  ///< over TLS
  std::string host;     ///< fit for a URL: "radio.example:8080"
  std::string query;    ///< of the page, with a token for watching; may be empty
  /// Where the page, or the point, is administered; empty: nobody may.
  std::string administration{};
};

/// Those of the snapshot: a page of all points, with links to those before and behind it.
std::string overview_page(const Snapshot& snapshot, const PageAddress& address);

/// One point of the snapshot. `clients`: null for those who may not see who watches and pushes.
std::string point_page(const Snapshot& snapshot, const PointNumbers& point,
                       const PointClients* clients, const PageAddress& address);

/// A point for those who may watch it and see no numbers: how to open it in a player.
std::string plain_point_page(const PointNumbers& point, const PageAddress& address);

}  // namespace wmpush::pubpoint
