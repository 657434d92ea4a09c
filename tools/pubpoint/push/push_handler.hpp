// Serves the requests of those who push, on one connection: PushSetup and PushStart.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/admission.hpp"
#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/push/push_session.hpp"
#include "pubpoint/push/request_rules.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class PushHandler final : public RequestHandler, public SessionConnection {
 public:
  PushHandler(ClientConnection& connection, Service& service);

  /// Every request: what is none of a push breaks a rule of those.
  bool takes(const RequestHead&) const override { return true; }
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes& input) override;
  void on_rest(Bytes rest) override;
  void on_gone(const std::string& how) override;

  bool is_open() const override { return connection_.is_open(); }
  void read_now() override;
  void hand_over() override;
  void session_ended(const std::string& push_id, int status) override;
  void go_on(const std::string& push_id) override;

 private:
  Reading read_setup_body(Bytes& input);
  Reading read_stream(Bytes& input);
  /// Whether the request is from someone who may push; otherwise it is answered.
  bool admit(AfterRefusal after);
  void set_up();
  /// Asks the hook whether the session that was set up may push, and answers then.
  void ask(const std::shared_ptr<PushSession>& session);
  void accept(const PushSession& session);
  Reading begin_stream();
  Reading end_stream(Bytes& input);
  Reading length_used_up();
  void make_room();
  Reading refuse(const Refusal& refusal);
  /// Tells the access log what has come of the push until now.
  void note_received();
  /// Reads no more for a while when the disk has to catch up first.
  void wait_for_disk(std::chrono::milliseconds waited);
  std::weak_ptr<SessionConnection> self();

  ClientConnection& connection_;
  Service& service_;
  PushRequest request_;
  std::string target_;  // of the request as it stood there, and its Authorization
  std::string authorization_;
  std::string setup_body_;
  std::string user_;                               // who was let in; empty: anybody is
  bool asking_ = false;                            // whether the last PushSetup may push
  std::shared_ptr<PushSession> session_;           // of the PushStart that is being read
  std::uint64_t received_before_ = 0;              // by the session, when this PushStart began
  std::deque<std::weak_ptr<PushSession>> set_up_;  // here, and not begun
  std::string last_push_id_;                       // of the last request that was granted
  bool reads_at_once_ = false;                     // whatever the disk says
  bool waits_for_disk_ = false;
  bool disk_stuck_ = false;  // a longer wait would be in vain
  bool after_end_ = false;   // nothing may follow: the stream has ended
};

}  // namespace wmpush::pubpoint
