// One TCP connection of the publishing point: requests in, responses out.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>  // before Asio, which forgets it (Boost 1.74)
#include <vector>

#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/http/http_host.hpp"
#include "pubpoint/http/request_handler.hpp"

namespace wmpush::pubpoint {

/// Reads heads, and hands over what is behind them. Knows nothing of pushes and of players.
class HttpConnection final : public ClientConnection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  using Handlers = std::vector<std::unique_ptr<RequestHandler>>;

  /// `owner`: who the connection counts for.
  HttpConnection(ClientSocket socket, HttpHost& host, std::string address, std::string owner);

  /// `make` makes those who serve the requests, one at least: the first that takes a request has
  /// it, and the last one takes all.
  void start(const std::function<Handlers(ClientConnection&)>& make);
  /// Closes when no request has come, or none was finished, for the inactivity timeout (S08).
  void check_timer(Clock::time_point now);
  bool closed() const { return !socket_.is_open(); }

  const std::string& address() const override { return address_; }
  const std::string& peer() const override { return peer_; }
  bool secure() const override { return socket_.secure(); }
  bool is_open() const override { return !closed() && !closing_ && !peer_closed_; }
  std::shared_ptr<void> keep() override { return shared_from_this(); }
  void answer(int status, Fields fields) override;
  void say(std::string response) override;
  void say_shared(std::string head, std::shared_ptr<const std::string> body, std::size_t first,
                  std::size_t count) override;
  bool is_sending() const override { return !outbox_.empty() || socket_.wants_to_send(); }
  std::size_t unconfirmed() override { return socket_.unconfirmed(); }
  void refuse(int status, const std::vector<Breach>& breaches) override;
  void end_record(int status) override;
  void close_politely() override;
  void close() override;
  Socket release() override;
  void read_next(Reading reading) override;
  void pause(std::chrono::milliseconds time, std::function<void()> then) override;
  void hold() override { held_ = true; }
  void go_on() override;
  void end_pause() override;
  void read_all() override { read(kReadsAtOnce); }
  void post(std::function<void()> what) override;
  RequestRecord* record() override { return record_ ? &*record_ : nullptr; }
  std::optional<RequestRecord> take_record() override {
    return std::exchange(record_, std::nullopt);
  }

 private:
  /// More than a kernel keeps for a connection.
  static constexpr int kReadsAtOnce = 256;

  struct Outgoing {
    std::string text;
    std::shared_ptr<const std::string> shared;  // in place of `text`
    std::size_t sent = 0;                       // or before what is to be sent
    std::size_t end = std::string::npos;

    Bytes rest() const {
      const Bytes all = as_bytes(shared ? *shared : text);
      return all.first(std::min(end, all.size())).subspan(sent);
    }
  };

  void wait_readable();
  /// False: nothing can be read yet.
  bool shake_hands();
  /// At most so many reads: other connections wait for their turn.
  void read(int limit);
  void process();
  /// Goes on with what was kept, when it is this connection's turn again.
  void resume();
  void yield_turn();
  void keep_input();
  /// Takes what it can from input_; false when it can go no further for now.
  bool read_head();
  /// Who does not take its answers is asked for no further request.
  bool answers_wait() const { return reading_ == Reading::Request && !outbox_.empty(); }
  bool may_read() const { return !paused_ && !held_ && !closed() && !answers_wait(); }

  void peer_gone(const std::string& how);
  void begin_record(const RequestHead& head);
  void send_or_keep(Outgoing part);
  void wait_writable();
  void write_next();
  void shut_down();

  HttpHost& host_;
  ClientSocket socket_;
  boost::asio::steady_timer pause_timer_;
  boost::asio::steady_timer linger_timer_;
  const std::string address_;
  const std::string peer_;
  AddressCounts::Slot slot_;
  Handlers handlers_;
  RequestHandler* handler_ = nullptr;  // of the request that was read last
  Bytes input_;                        // what process() has not taken yet
  std::vector<std::byte> kept_;        // of it, what has to wait
  Reading reading_ = Reading::Request;
  HeadReader head_reader_;
  unsigned version_ = 11;                // of the request that was read last
  std::optional<RequestRecord> record_;  // of the request that is not over
  std::deque<Outgoing> outbox_;
  Clock::time_point last_read_;
  Clock::time_point last_sent_;      // when the client last took something of what waits for it
  Clock::time_point request_since_;  // when the request began that is not whole yet
  bool has_asked_ = false;           // a request was read
  bool awaits_room_ = false;         // to go on with sending
  bool waiting_ = false;             // an asynchronous wait for input is under way
  bool processing_ = false;          // input_ is being looked at: no other read may replace it
  bool paused_ = false;
  bool held_ = false;
  bool closing_ = false;  // shut down once all has gone
  bool peer_closed_ = false;
};

}  // namespace wmpush::pubpoint
