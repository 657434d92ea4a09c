// The last ten minutes of a point as a line: an SVG of the page, and its path alone for events.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/web/html.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// What a chart shows.
enum class Measure { Bitrate, Viewers };

/// "bitrate", "viewers".
std::string_view name_of(Measure measure);

/// The largest of all samples.
std::uint64_t most_of(const PointNumbers& point, Measure measure);

/// The data of a path through a picture of 600 by 100, with now at the right and ten minutes ago at
/// the left; empty when there are no two samples. The largest value is at the top.
std::string chart_line(const PointNumbers& point, Measure measure);

/// Adds the chart. `id` tells it from others of the page; `title` and `description` are for who
/// does not see it.
void add_chart(Html& html, const PointNumbers& point, Measure measure, const std::string& id,
               std::string_view title, std::string_view description);

}  // namespace wmpush::pubpoint
