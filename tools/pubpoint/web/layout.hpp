// What the pages have in common: their beginning and end, and what they say of a point.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/web/html.hpp"
#include "pubpoint/web/point_texts.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// Up to <main>. `events`: where the page's events are; empty: it has none, and no script.
void begin_page(Html& html, std::string_view title, std::string_view events);
/// The line at the top of the pages with numbers.
void add_banner(Html& html, const Snapshot& snapshot);
/// From </main> on. `snapshot`: null where no numbers are shown. `administration`: the path of the
/// pages for who administers; empty: there is no link to them.
void end_page(Html& html, const Snapshot* snapshot, std::string_view administration = {});

/// <element data-text="name">text</element>
void add_text(Html& html, std::string_view element, const PointText& text);
/// `aloud`: a screen reader tells when it changes.
void add_state(Html& html, const PointNumbers& point, bool with_time, bool aloud);
/// Of an element that stands for a point: by its path events find it, whatever its name is.
void begin_card(Html& html, const PointNumbers& point);

/// Links to the pages before and behind the one of the snapshot, where it has several: `path` and
/// "?page=2".
void add_page_links(Html& html, const Snapshot& snapshot, std::string_view path);

/// What leads to the page of a point. "//name" alone would lead to a host of that name.
std::string link_to(const PointNumbers& point);

/// The pages for who administers: of all points, and of one.
inline constexpr std::string_view kAdminPath = "/admin";
std::string admin_link_to(std::string_view point);

}  // namespace wmpush::pubpoint
