// One TCP connection of the publishing point: requests in, responses out, faults on purpose.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)
#include <vector>

#include "pubpoint/messages.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class Connection : public SessionConnection, public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Service& service, std::string address);

  void start();
  /// Closes when no request has come, or none was finished, for the inactivity timeout (S08).
  void check_timer(Clock::time_point now);
  void close();
  bool closed() const { return !socket_.is_open(); }

  void read_now() override;
  void hand_over() override;
  void session_ended(const std::string& push_id, int status) override;
  void go_on(const std::string& push_id) override;

 private:
  enum class Stage { Head, SetupBody, PullBody, Awaiting, Stream, Draining };

  void wait_readable();
  /// At most so many reads: other connections wait for their turn.
  enum class Pace { OfTheDisk, AtOnce };
  void read(int limit, Pace pace);
  void process();
  /// Goes on with what was kept, when it is this connection's turn again.
  void resume();
  void yield_turn();
  void keep_input();
  // Each takes what it can from input_; false when it can go no further for now.
  bool read_head();
  bool read_setup_body();
  bool read_stream();
  void drain();

  // Watching.
  bool begin_pull(const RequestHead& head);
  bool admit_viewer();
  bool read_pull_body();
  bool answer_pull(bool waited);
  void await_push(const std::shared_ptr<Broadcast>& broadcast);

  bool admit(bool keep);
  /// Answers who is not let in, a wrong password late.
  void turn_away(const AccessDecision& decision, bool keep);
  void refuse_access(const AccessDecision& decision, bool keep);
  bool begin_stream();
  void forget_unstarted(const std::shared_ptr<PushSession>& latest);
  bool answer_setup(std::string replacement);
  bool end_stream();
  bool refuse(int status, const std::vector<Breach>& breaches);
  bool refuse(const Refusal& refusal);
  bool stream_breached();
  void peer_gone(const std::string& how);
  void lose_session(const std::string& how);

  /// Does what a fault says. True when things go on as if nothing were; after a Delay they go on
  /// with `then`.
  bool suffer(const Fault& fault, std::function<void()> then);
  /// Reads no more for a while when the disk has to catch up first.
  void wait_for_disk(std::chrono::milliseconds waited);
  /// Goes on with a connection that was held.
  void release();
  bool strike(At at, std::uint64_t packet, std::function<void()> then);
  void pause(std::chrono::milliseconds time, std::function<void()> then);

  // The access log.
  void begin_record(const RequestHead& head);
  void note_user(const AccessDecision& decision);
  /// What has come of the push until now.
  void note_received();
  void end_record(int status);

  Fields response_fields() const;
  void answer(int status, Fields fields);
  void send(std::string text);
  void write_next();
  /// Ends our side once everything is written, and reads on for a while: closing with unread bytes
  /// would reset the connection and take the answer with it.
  void close_politely();
  void shut_down();

  Service& service_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer linger_timer_;
  const std::string address_;  // of the peer, without its port; empty when it has gone
  const std::string peer_;
  AddressCounts::Slot slot_;
  Bytes input_;                  // what process() has not taken yet
  std::vector<std::byte> kept_;  // of it, what has to wait
  Stage stage_ = Stage::Head;
  HeadReader head_reader_;
  PushRequest request_;
  PullRequest pull_;
  std::string pull_line_;  // its request line
  std::uint64_t pull_body_left_ = 0;
  Clock::time_point await_until_{};  // for a push to begin
  std::string setup_body_;
  std::string method_;  // of the request, as its target and authorization
  std::string authorization_;
  std::string target_;                             // as it stood in the request
  std::optional<RequestRecord> record_;            // of the request that is not over
  std::uint64_t received_before_ = 0;              // by the session, when this PushStart began
  std::shared_ptr<PushSession> session_;           // of the PushStart that is being read
  std::deque<std::weak_ptr<PushSession>> set_up_;  // here, the last ones
  std::shared_ptr<PushSession> fallback_;  // was set up here, without a push-id for the client
  std::string last_push_id_;               // of the last request that was granted
  std::deque<std::string> outbox_;
  Clock::time_point last_read_;
  Clock::time_point request_since_;  // when the request began that is not whole yet
  bool has_asked_ = false;           // a request was read
  bool waiting_ = false;             // an asynchronous wait for input is under way
  bool processing_ = false;          // input_ is being looked at: no other read may replace it
  bool paused_ = false;              // Delay or Stall: nothing is read
  bool held_ = false;                // the content has to wait until it can be recorded
  bool disk_stuck_ = false;          // a longer wait would be in vain
  bool waits_for_disk_ = false;      // paused, and only for the disk
  bool mute_ = false;                // Stall or Silence: nothing is said
  bool closing_ = false;             // shut down once outbox_ is empty
  bool peer_closed_ = false;
  bool after_end_ = false;  // nothing may follow: the stream has ended
};

}  // namespace wmpush::pubpoint
