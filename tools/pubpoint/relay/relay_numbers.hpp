// What is counted of a relay.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>

namespace wmpush::pubpoint {

struct RelayNumbers {
  std::string url;         ///< for people: without a password, and without options
  bool streaming = false;  ///< the next server takes the stream
  std::uint64_t pushes = 0;
  std::uint64_t packets_sent = 0;
  std::uint64_t packets_dropped = 0;  ///< while it could not take them, or not fast enough
  std::uint64_t reconnects = 0;       ///< a connection was lost, and the stream went on
};

}  // namespace wmpush::pubpoint
