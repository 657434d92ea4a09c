// Serves the requests of those who watch, on one connection, until one of them joins a stream.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class PullHandler final : public RequestHandler {
 public:
  PullHandler(ClientConnection& connection, Service& service);

  bool takes(const RequestHead& head) const override { return is_pull(head); }
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes& input) override;
  void on_gone(const std::string&) override { awaits_ = false; }
  void on_timer(Clock::time_point now) override;

 private:
  /// Whether the request is for nothing that is guarded, or from someone who may watch; otherwise
  /// it is answered.
  bool admit();
  /// Asks the hook whether who was admitted may watch, and answers then.
  void ask();
  /// `waited`: the time for a push to begin is over.
  Reading answer(bool waited);
  Reading await_push(const std::shared_ptr<Broadcast>& broadcast);
  /// Answers who waits, if it still does.
  void go_on(bool waited);
  void join(Watching::Reply reply);

  ClientConnection& connection_;
  Service& service_;
  PullRequest request_;
  std::string method_;  // of the request as it stood there, with its target and Authorization
  std::string target_;
  std::string authorization_;
  std::string user_;             // who was admitted; empty: anybody is
  std::string line_;             // its request line
  std::uint64_t body_left_ = 0;  // bytes of its body, which nobody reads
  bool awaits_ = false;          // a push
  Clock::time_point await_until_{};
};

}  // namespace wmpush::pubpoint
