// The pages of administrators: whole HTML documents with plain forms, which need no script.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "pubpoint/web/clients.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// What stands on a page for one administrator.
struct AdminView {
  std::string user;
  std::string host;    ///< as the browser has called the server
  std::string token;   ///< of the forms
  std::string notice;  ///< a line about what was done last; empty: nothing was
};

/// Those points of the snapshot that the administrator may administer are on it, and no others.
std::string admin_overview_page(const Snapshot& snapshot, const AdminView& view);

/// How a push is recorded.
struct RecordingState {
  bool possible = false;  ///< there is a directory for recordings
  bool running = false;
  std::string error{};  ///< why the recording of the push is not whole; empty: it is
};

/// One point, with a form for each thing that can be done there now.
std::string admin_point_page(const Snapshot& snapshot, const PointNumbers& point,
                             const PointClients& clients, const RecordingState& recording,
                             const AdminView& view);

}  // namespace wmpush::pubpoint
