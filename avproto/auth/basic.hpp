// Basic (RFC 7617).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "auth/mechanism.hpp"

namespace wmpush::auth {

class BasicMechanism : public Mechanism {
 public:
  explicit BasicMechanism(Credentials credentials);

  Step take(std::span<const Challenge> challenges, std::string& why) override;
  std::string authorization(const RequestLine& request) override;
  void accepted() override {}

 private:
  Credentials credentials_;
  bool tried_ = false;
};

}  // namespace wmpush::auth
