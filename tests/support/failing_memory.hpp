// Memory that fails when a test says so. Link failing_memory.cpp into the test program.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace wmpush::test {

/// Which threads a failure is for. Every thread is one of the library's own until it says otherwise
/// by this_is_the_tests_thread(); the one that a FailingMemory lives in is under test meanwhile.
enum class FailsIn { ThisThread, ThreadsOfTheLibrary };

/// How long memory fails.
enum class FailsFor { One, Good };

/// From now on no allocation of this thread fails, nor is it counted.
void this_is_the_tests_thread();

/// While it lives the `nth` allocation, from 1, fails, or that and all behind it. Without
/// sanitizers these are malloc() and its kind, the C libraries' included; with them operator new.
/// One at a time.
class FailingMemory {
 public:
  FailingMemory(std::size_t nth, FailsIn where, FailsFor how_long);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;
};

/// The last FailingMemory has let one fail.
bool memory_failed();

/// Blocks taken and not given back by the threads of the library and by those under test, while
/// they were it.
std::int64_t live_blocks();

}  // namespace wmpush::test
