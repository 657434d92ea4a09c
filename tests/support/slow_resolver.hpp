// A name server that answers when a test wants it to.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "support/gate.hpp"

namespace wmpush::test {

/// The name slow.invalid is looked up behind it; all others as ever. A program that links this has
/// a getaddrinfo() of its own.
Gate& slow_resolver();

}  // namespace wmpush::test
