// What a request for something to look at has besides its target (RFC 9110).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pubpoint/http/messages.hpp"

namespace wmpush::pubpoint {

/// Whether the connection closes behind the answer: the client wants it, or there is a body that
/// nobody has read, and that would be taken for the next request.
bool closes_after(const RequestHead& head, bool body_was_read = false);

/// The client has what it asks for: If-None-Match names `etag`, which is in quotes (13.1.2).
bool is_known(const RequestHead& head, std::string_view etag);

/// A part of something.
struct ByteRange {
  std::size_t first = 0;
  std::size_t count = 0;  ///< 0: it lies behind the end
};
/// The only range that is asked for, of `size` bytes; nothing when all of it is asked for, or in a
/// way that need not be understood (14.2).
std::optional<ByteRange> range_of(const RequestHead& head, std::size_t size);

}  // namespace wmpush::pubpoint
