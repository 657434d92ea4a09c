// Stands between a connection and those who serve it: does what it was told to do wrong.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/service.hpp"
#include "support/fault_plan.hpp"
#include "wmhttp/frame.hpp"

namespace wmpush::test {

/// To the connection it is the one who serves, and to those who serve it is the connection.
class FaultyHandler final : public pubpoint::RequestHandler, public pubpoint::ClientConnection {
 public:
  using Reading = pubpoint::Reading;

  FaultyHandler(pubpoint::ClientConnection& connection, pubpoint::Service& service,
                std::shared_ptr<FaultPlan> plan, ServerHabits habits);

  bool takes(const pubpoint::RequestHead&) const override { return true; }
  Reading on_request(const pubpoint::RequestHead& head) override;
  Reading on_bytes(Bytes& input) override;
  void on_rest(Bytes rest) override;
  void on_gone(const std::string& how) override;
  void on_timer(pubpoint::Clock::time_point now) override;

  const std::string& address() const override { return outside_.address(); }
  const std::string& peer() const override { return outside_.peer(); }
  bool is_open() const override { return outside_.is_open(); }
  std::shared_ptr<void> keep() override { return outside_.keep(); }
  void answer(int status, pubpoint::Fields fields) override;
  void say(std::string response) override;
  bool is_sending() const override { return outside_.is_sending(); }
  std::size_t unconfirmed() override { return outside_.unconfirmed(); }
  bool secure() const override { return outside_.secure(); }
  void refuse(int status, const std::vector<pubpoint::Breach>& breaches) override;
  void end_record(int status) override { outside_.end_record(status); }
  void close_politely() override;
  void close() override { outside_.close(); }
  Socket release() override { return outside_.release(); }
  void read_next(Reading reading) override { outside_.read_next(reading); }
  void pause(std::chrono::milliseconds time, std::function<void()> then) override;
  void hold() override;
  void go_on() override;
  void end_pause() override { outside_.end_pause(); }
  void read_all() override { outside_.read_all(); }
  void post(std::function<void()> what) override { outside_.post(std::move(what)); }
  pubpoint::RequestRecord* record() override { return outside_.record(); }
  std::optional<pubpoint::RequestRecord> take_record() override { return outside_.take_record(); }

 private:
  Reading read_setup(Bytes& input);
  Reading read_stream(Bytes& input);
  /// Does what a fault says. True when things go on as if nothing were.
  bool suffer(const Fault& fault);
  bool strike(At at, std::uint64_t packet = 0);
  bool strike_behind(const wmhttp::Frame& frame);
  void respond(const Fault& fault);
  /// For who serves, the client has gone.
  void lose(const std::string& how);
  std::uint64_t packets_of_session() const;

  pubpoint::ClientConnection& outside_;
  pubpoint::Service& service_;
  const std::shared_ptr<FaultPlan> plan_;
  const ServerHabits habits_;
  std::vector<std::unique_ptr<pubpoint::RequestHandler>> inside_;
  pubpoint::RequestHandler* handler_ = nullptr;  // of those, the one with the request
  bool is_push_ = false;                         // the request
  bool is_start_ = false;
  std::uint64_t body_left_ = 0;        // of its Content-Length
  std::string setup_body_;             // until it is whole
  bool setup_struck_ = false;          // its fault is over
  wmhttp::FrameReader frames_;         // of the PushStart
  std::string push_id_;                // of the PushStart
  std::string hidden_id_;              // was given, and the client was not told
  std::string replacement_;            // for the answer to the PushSetup
  std::optional<Fault> fault_at_end_;  // once the stream has ended
  bool ends_ = false;                  // an $E that ends the stream is being taken
  bool waits_ = false;                 // who serves has told the connection to wait
  bool mute_ = false;                  // nothing is said
  bool deaf_ = false;                  // and nobody listens
  bool stalled_ = false;
};

}  // namespace wmpush::test
