// Digest (RFC 7616, and RFC 2617 and 2069 before it): MD5 and SHA-256, each with -sess, with the
// quality of protection "auth" or none.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

#include "auth/mechanism.hpp"

namespace wmpush::auth {

/// A hash and whether it is taken over nonce and cnonce as well (-sess).
struct DigestAlgorithm {
  enum class Hash : std::uint8_t { Md5, Sha256 };
  Hash hash = Hash::Md5;
  bool session = false;

  bool operator==(const DigestAlgorithm&) const = default;
};

/// By the name in a challenge, in any case; nothing for one that is not done here.
std::optional<DigestAlgorithm> find_digest_algorithm(std::string_view name);

/// Everything that a response is made of (RFC 7616, 3.4.1).
struct DigestInput {
  DigestAlgorithm algorithm;
  std::string_view user;
  std::string_view password;
  std::string_view realm;
  std::string_view nonce;
  std::string_view cnonce;
  std::string_view nonce_count;  ///< eight hexadecimal digits
  bool qop_auth = true;          ///< false: none, as RFC 2069 has it
  std::string_view method;
  std::string_view target;
};

/// In hexadecimal digits.
std::string digest_response(const DigestInput& input);

class DigestMechanism : public Mechanism {
 public:
  explicit DigestMechanism(Credentials credentials);

  Step take(std::span<const Challenge> challenges, std::string& why) override;
  std::string authorization(const RequestLine& request) override;
  void accepted() override;

 private:
  bool may_renew(const Challenge& challenge) const;

  Credentials credentials_;
  DigestAlgorithm algorithm_;
  std::string algorithm_name_;  // as the server writes it; empty: it does not
  std::string realm_;
  std::string nonce_;
  std::string cnonce_;
  std::optional<std::string> opaque_;
  bool qop_auth_ = false;
  std::uint32_t nonce_count_ = 0;  // requests with this nonce
  bool worked_ = false;            // this nonce was good once
  int renewals_ = 0;               // new nonces since the last success
};

}  // namespace wmpush::auth
