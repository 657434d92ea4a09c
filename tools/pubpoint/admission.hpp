// Lets a request in, or answers it.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

#include "pubpoint/access/access.hpp"
#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

/// What the connection does after the answer to a request that is not let in.
enum class AfterRefusal { GoesOn, Closes };

/// The user when the request is from someone who may do this, empty where none was needed. Nothing:
/// it was answered with 401 or 403, a wrong password late.
std::optional<std::string> let_in(const AccessRequest& request, ClientConnection& connection,
                                  Service& service, AfterRefusal after);

}  // namespace wmpush::pubpoint
