// What the page says of a point, in words: the same in the page as it is loaded and in the events
// that keep it up to date.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

struct PointText {
  std::string_view name;   ///< in the page's data-text, and in events
  std::string_view label;  ///< for people; empty: it needs none
  std::string text;
};

/// "on-air", "waiting", "off": for style sheets.
std::string_view token_of(AirState state);

/// The state, and since when.
std::vector<PointText> state_texts(const PointNumbers& point);
/// What the charts show: of a point with its history.
std::vector<PointText> chart_texts(const PointNumbers& point);
/// What every card has.
std::vector<PointText> main_texts(const PointNumbers& point);
/// What only the point's own page has besides.
std::vector<PointText> more_texts(const PointNumbers& point);
/// Of the server as a whole.
std::vector<PointText> server_texts(const Snapshot& snapshot);

/// "264 kbit/s", "1.21 Mbit/s"
std::string rate_text(std::uint64_t bits_per_second);
/// "812 bytes", "12.3 MB"
std::string bytes_text(std::uint64_t bytes);
/// "2.4 s", "3 min 10 s", "2 h 5 min", "4 days 2 h"
std::string duration_text(std::chrono::milliseconds time);
/// "2026-11-28 14:03:22 UTC"
std::string time_text(std::chrono::system_clock::time_point time);

}  // namespace wmpush::pubpoint
