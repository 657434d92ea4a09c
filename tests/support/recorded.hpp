// Waits for what another thread or process writes.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <filesystem>

namespace wmpush::test {

/// Waits until the files in a folder have `size` bytes; false when they do not grow any more.
bool recorded(const std::filesystem::path& folder, std::uintmax_t size);

}  // namespace wmpush::test
