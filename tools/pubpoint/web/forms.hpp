// The forms that the numbers of a server are shown in: each the whole body of a response.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/web/json.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// Of status.json: a larger number has other names or meanings; new members alone do not change it.
inline constexpr unsigned kStatusVersion = 1;

/// /status.json: what there is, without the addresses of anybody.
std::string status_json(const Snapshot& snapshot);

/// What /status.json has of a point.
JsonObject point_json(const PointNumbers& point);

/// /status-json.xsl, as Icecast 2.4 has it: "icestats", with a source for each point on air.
/// `base`: scheme and host of the URLs in it, "http://host:8080".
std::string icecast_json(const Snapshot& snapshot, std::string_view base);

/// /metrics, in the text format of Prometheus 0.0.4.
std::string metrics(const Snapshot& snapshot);

}  // namespace wmpush::pubpoint
