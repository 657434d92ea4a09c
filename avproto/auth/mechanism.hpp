// What each scheme does with a challenge.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/challenge.hpp"
#include "auth/scheme.hpp"

namespace wmpush::auth {

/// Who asks to be let in, and where.
struct Credentials {
  std::string host;  ///< that the user named; a service ticket is for it
  std::string user;  ///< empty: none was given
  std::optional<std::string> password;
};

/// The request that a header is for.
struct RequestLine {
  std::string_view method;
  std::string_view target;  ///< as it stands in the request
};

/// One scheme at work for one server or proxy. It lives as long as the scheme may still succeed.
class Mechanism {
 public:
  enum class Step {
    Ready,       ///< authorization() answers the challenge
    Impossible,  ///< cannot be done here: no password, no ticket, an unknown algorithm
    Refused      ///< was tried, and the challenge says that it was no good
  };

  Mechanism() = default;
  Mechanism(const Mechanism&) = delete;
  Mechanism& operator=(const Mechanism&) = delete;
  virtual ~Mechanism() = default;

  /// Takes the challenges of this scheme that came in one response. `why` is set when the answer is
  /// not Ready, and never has a secret in it; it may be empty for Refused.
  virtual Step take(std::span<const Challenge> challenges, std::string& why) = 0;

  /// The value of the field for the next request; empty when it needs none.
  virtual std::string authorization(const RequestLine& request) = 0;
  /// authorization() has to ask somebody first, unless prepare() has done that.
  virtual bool unprepared() const { return false; }
  virtual void prepare() {}

  /// A further challenge is expected, on the same connection: the request is no real one yet.
  virtual bool incomplete() const { return false; }

  /// The server was content with what authorization() gave last.
  virtual void accepted() = 0;
};

/// Makes the mechanism of a scheme.
std::unique_ptr<Mechanism> make_mechanism(Scheme scheme, const Credentials& credentials);

}  // namespace wmpush::auth
