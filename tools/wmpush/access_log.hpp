// A request as a line of an access log.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "pubpoint/http/request_record.hpp"

namespace wmpush::tool {

/// In Apache's "combined" format, in UTC, with *** in place of tokens and passwords.
std::string access_line(const pubpoint::RequestRecord& request);

/// Opens `file` to add lines to, makes it where it is not there. Returns an empty text, or one line
/// that says why it cannot.
std::string open_access_log(const std::string& file, int& descriptor);

}  // namespace wmpush::tool
