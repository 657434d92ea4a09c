// What a system call on a socket says when there is nothing to do now.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cerrno>

namespace wmpush {

/// Whether `error`, an errno, only says that the call is to be made again later.
inline bool is_would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace wmpush
