// Negotiate (RFC 4559) and NTLM by way of GSSAPI: MIT Kerberos, and gss-ntlmssp where it is
// installed. A build without GSSAPI has gssapi_absent.cpp in its place.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>

#include "auth/mechanism.hpp"

namespace wmpush::auth {

/// Whether Negotiate or NTLM can be done with what is installed.
bool gssapi_offers(Scheme scheme);

/// For Negotiate or NTLM; the user and password that are given, or the ticket that is there when
/// none are. Looking for a ticket may ask the user's key distribution centre, which takes the time
/// that its configuration gives it.
std::unique_ptr<Mechanism> make_gssapi_mechanism(Scheme scheme, const Credentials& credentials);

}  // namespace wmpush::auth
