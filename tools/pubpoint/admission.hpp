// Lets a request in, or answers it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "pubpoint/access/access.hpp"
#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

/// What the connection does after the answer to a request that is not let in.
enum class AfterRefusal { GoesOn, Closes };

/// Whether the request is from someone who may do this; otherwise it is answered with 401 or 403, a
/// wrong password late.
bool let_in(const AccessRequest& request, ClientConnection& connection, Service& service,
            AfterRefusal after);

}  // namespace wmpush::pubpoint
