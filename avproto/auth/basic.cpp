#include "auth/basic.hpp"

#include "auth/base64.hpp"

namespace wmpush::auth {

BasicMechanism::BasicMechanism(Credentials credentials) : credentials_(std::move(credentials)) {}

Mechanism::Step BasicMechanism::take(std::span<const Challenge>, std::string& why) {
  // The answer to a second challenge would be the same as to the first.
  if (tried_) return Step::Refused;
  why = credentials_.user.empty() ? "no user was given" : "no password was given";
  if (credentials_.user.empty() || !credentials_.password) return Step::Impossible;
  if (credentials_.user.find(':') != std::string::npos) {
    why = "a user with a colon cannot be told";
    return Step::Impossible;
  }
  why.clear();
  return Step::Ready;
}

std::string BasicMechanism::authorization(const RequestLine&) {
  tried_ = true;
  return "Basic " + base64(credentials_.user + ":" + *credentials_.password);
}

}  // namespace wmpush::auth
