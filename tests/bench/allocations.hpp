// How often memory was asked for.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace wmpush::bench {

/// Calls of operator new since the start of the program, in all threads.
std::uint64_t allocations();

}  // namespace wmpush::bench
