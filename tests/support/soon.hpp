// Waiting for what comes to pass in another process or thread that does not say so.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <thread>

namespace wmpush::test {

/// Whether `condition` becomes true within 20 s; asked every 2 ms.
template <typename Condition>
bool soon(Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
       std::chrono::steady_clock::now() < until;
       std::this_thread::sleep_for(std::chrono::milliseconds(2)))
    if (condition()) return true;
  return false;
}

}  // namespace wmpush::test
