// A network of a test's own. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

namespace wmpush::test {

/// Moves the process into a network that has nothing but a loopback interface, where it may set up
/// packet filters and kill connections. To be called before there are threads. As an ordinary user
/// that takes user namespaces, in which this process then is root, and nobody else there is.
/// Returns why it cannot be done; empty when it is done.
std::string enter_network_namespace();

}  // namespace wmpush::test
