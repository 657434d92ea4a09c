// Who may do what from where, as a whole.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "pubpoint/access/address_list.hpp"
#include "pubpoint/access/throttle.hpp"
#include "pubpoint/access/users.hpp"

namespace wmpush::pubpoint {

struct AccessSettings {
  Users users{};                ///< with their grants
  AddressList push_from{};      ///< addresses that may push
  AddressList watch_from{};     ///< addresses that may watch
  AddressList status_from{};    ///< addresses that may see the numbers of the server
  AddressList clients_from{};   ///< of these, the ones that may see who watches and pushes; empty:
                                ///< nobody
  std::string token_key{};      ///< of tokens for watching, kMinTokenKey bytes or more; empty: none
  ThrottleSettings throttle{};  ///< of wrong passwords
};

}  // namespace wmpush::pubpoint
