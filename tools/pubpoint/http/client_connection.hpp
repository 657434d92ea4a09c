// The connection of a client as those see it who serve its requests.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/http/client_socket.hpp"
#include "pubpoint/http/messages.hpp"
#include "pubpoint/http/request_record.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// What a connection reads next.
enum class Reading {
  Request,  ///< the head of the next request
  Body,     ///< the rest of a request that has to be whole within the head's time
  Stream,   ///< a body that lasts: who serves it minds the time
  Nothing   ///< what comes is not looked at, until read_next()
};

/// Belongs to the server's thread.
class ClientConnection {
 public:
  virtual ~ClientConnection() = default;

  virtual const std::string& address() const = 0;  ///< without the port; empty when it has gone
  virtual const std::string& peer() const = 0;     ///< address and port, for people
  virtual bool secure() const = 0;                 ///< over TLS
  /// Neither side has closed it, or is about to.
  virtual bool is_open() const = 0;
  /// As long as somebody has this the connection is there, if only a closed one.
  virtual std::shared_ptr<void> keep() = 0;

  /// Sends a response without a body. Server, and what HTTP/1.0 asks for, are added.
  virtual void answer(int status, Fields fields) = 0;
  /// Sends a response as it stands.
  virtual void say(std::string response) = 0;
  /// The same, with a body behind the head that others get as well.
  virtual void say_shared(std::string head, std::shared_ptr<const std::string> body,
                          std::size_t first, std::size_t count) {
    say(head + body->substr(first, count));
  }
  /// Not all of what was said has gone to the kernel yet.
  virtual bool is_sending() const = 0;
  /// Bytes of what was said that the client's system has not confirmed.
  virtual std::size_t unconfirmed() = 0;
  /// Lists the breaches, answers, and closes.
  virtual void refuse(int status, const std::vector<Breach>& breaches) = 0;
  /// The request is over without an answer: what the access log has for its status.
  virtual void end_record(int status) = 0;

  /// Closes once everything is sent and the client has seen it.
  virtual void close_politely() = 0;
  virtual void close() = 0;
  /// Hands the socket over and closes without it.
  using Socket = ClientSocket::Released;
  virtual Socket release() = 0;

  virtual void read_next(Reading reading) = 0;
  /// Reads nothing for a while, then calls `then` and goes on. Not called when it closes before.
  virtual void pause(std::chrono::milliseconds time, std::function<void()> then) = 0;
  /// Reads nothing until go_on().
  virtual void hold() = 0;
  virtual void go_on() = 0;
  /// Ends a pause as well as a hold, and takes what was kept meanwhile.
  virtual void end_pause() = 0;
  /// Takes everything that has arrived, now: whether the client has gone shows only then.
  virtual void read_all() = 0;
  /// Calls `what` when it is this connection's turn again, if it is open then.
  virtual void post(std::function<void()> what) = 0;

  /// What the access log will have of the request; null when there is no log, or no request.
  virtual RequestRecord* record() = 0;
  /// The same, for who goes on with the request elsewhere.
  virtual std::optional<RequestRecord> take_record() = 0;
};

}  // namespace wmpush::pubpoint
