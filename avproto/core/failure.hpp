// Errors that can be had when there is no memory left.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "wmpush/result.hpp"

namespace wmpush {

/// What a message says when there is no memory for a better one: short enough for std::string to
/// keep it without any.
inline constexpr const char* kOutOfMemory = "out of memory";

/// The exception that is being handled, as an error: E_OUTOFMEMORY for std::bad_alloc, else E_FAIL.
/// Only to be called within a catch block.
Error current_failure() noexcept;

/// A copy; where there is no memory for its message, with kOutOfMemory in its place.
Error copy_of(const Error& error) noexcept;

}  // namespace wmpush
