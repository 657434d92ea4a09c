// A build without GSSAPI: Negotiate and NTLM are never offered, and so never begun.
#include "auth/gssapi.hpp"

namespace wmpush::auth {

bool gssapi_offers(Scheme) { return false; }

std::unique_ptr<Mechanism> make_gssapi_mechanism(Scheme, const Credentials&) { return nullptr; }

}  // namespace wmpush::auth
