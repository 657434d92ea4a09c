// Who serves the requests of one kind on one connection.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "core/bytes.hpp"
#include "pubpoint/clock.hpp"
#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/http/messages.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread, and to its connection.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  /// Whether it serves such requests.
  virtual bool takes(const RequestHead& head) const = 0;
  /// A request of that kind begins.
  virtual Reading on_request(const RequestHead& head) = 0;
  /// Takes bytes from the front of `input`, which may be empty: all of them, unless it answers
  /// Reading::Request or has told the connection to wait.
  virtual Reading on_bytes(Bytes& input) = 0;
  /// What comes while nothing is read, and after the connection began to close.
  virtual void on_rest(Bytes) {}
  /// The client has gone; `how` is for people.
  virtual void on_gone(const std::string& how) { static_cast<void>(how); }
  /// Called every second or so.
  virtual void on_timer(Clock::time_point) {}
};

}  // namespace wmpush::pubpoint
