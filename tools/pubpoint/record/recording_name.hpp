// What a recording is called.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <string>

namespace wmpush::pubpoint {

inline constexpr const char* kRecordingName = "{point}-{date}-{time}";

/// The name of a file, without its extension. In `pattern` {point} stands for the publishing point,
/// {date} and {time} for `now` in UTC (20261126, 210000), {entry} for `entry`. What not every file
/// system takes becomes '_'; never a path, never hidden, never an option, at most 200 bytes.
std::string recording_name(const std::string& pattern, const std::string& point,
                           std::chrono::system_clock::time_point now, unsigned entry);

/// One line that says what is wrong with a pattern; empty when it is good.
std::string check_recording_name(const std::string& pattern);

}  // namespace wmpush::pubpoint
