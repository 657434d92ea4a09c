// Counts what operator new hands out, for each thread. Link allocation_counter.cpp into the test
// program. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>

namespace wmpush::test {

/// Calls of operator new in this thread since it began.
std::size_t allocations();

}  // namespace wmpush::test
