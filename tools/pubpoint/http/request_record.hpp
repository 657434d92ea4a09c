// What an access log tells of a request that is over.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace wmpush::pubpoint {

struct RequestRecord {
  std::string address;  ///< of the client, without its port
  std::string user;     ///< who it said it was, by a password; empty: nobody
  std::chrono::system_clock::time_point time{};  ///< when its head was here
  std::string line;  ///< the request line as it came, secrets included; empty: none came whole
  int status = 0;    ///< of the answer; 200 for a push that came to its end, 499 for who left
  std::uint64_t bytes = 0;  ///< sent; of a push those that were received
  std::string referer;
  std::string user_agent;
};

}  // namespace wmpush::pubpoint
