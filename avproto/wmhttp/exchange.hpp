// Requests of one connection and the responses to them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/bytes.hpp"
#include "wmhttp/message.hpp"

namespace wmpush::wmhttp {

/// What a response means for the request that it is to.
enum class Outcome : std::uint8_t {
  None,        ///< there is no whole response
  Accepted,    ///< 2xx
  Redirected,  ///< 3xx, but for
  ProxyNamed,  ///< 305
  Challenged,  ///< 401, 407
  Refused,     ///< any other status
  Malformed,   ///< no HTTP response
  Excessive    ///< more than a peer may send
};

/// Made anew with each connection. Never sets a state: it tells what came.
class Exchange {
 public:
  /// Another request is on its way.
  void begin() { answers_ = 0; }
  /// Takes what came from the front of `input`.
  Outcome next(Bytes& input);
  /// The response of the last Outcome.
  const Response& response() const { return response_; }
  /// A wrong password at a proxy of the kind that says 401 for 407.
  void take_for_proxys() { response_.status = 407; }
  /// What was wrong, when the last Outcome was Malformed or Excessive: "the server sent ...".
  const std::string& fault() const { return fault_; }
  /// What the log is to hear of the last response; one that says the same again is no news.
  std::optional<std::string> note() const;

 private:
  Outcome excessive(std::string what);

  ResponseReader reader_;
  Response response_;
  std::size_t answers_ = 0;  // since the last request
  std::string fault_;
};

Outcome outcome_of(const Response& response);

}  // namespace wmpush::wmhttp
