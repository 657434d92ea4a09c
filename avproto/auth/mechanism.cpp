#include "auth/mechanism.hpp"

#include "auth/basic.hpp"
#include "auth/digest.hpp"
#include "auth/gssapi.hpp"

namespace wmpush::auth {

std::unique_ptr<Mechanism> make_mechanism(Scheme scheme, const Credentials& credentials) {
  switch (scheme) {
    case Scheme::Negotiate:
    case Scheme::Ntlm:
      return make_gssapi_mechanism(scheme, credentials);
    case Scheme::Digest:
      return std::make_unique<DigestMechanism>(credentials);
    case Scheme::Basic:
      break;
  }
  return std::make_unique<BasicMechanism>(credentials);
}

}  // namespace wmpush::auth
