// The receivers of the field, A to E: relays and recorders of others that this project was run
// against, each with the habits that were seen.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "support/engine_driver.hpp"
#include "support/raw_server.hpp"

namespace wmpush::test {

struct Habits {
  char name;
  const char* what;  ///< for the document

  enum class Id { None, Same, Checked } id;           ///< of the session
  enum class End { Closes, Answers422, Silent } end;  ///< behind the $E that ends the stream
  enum class Next { Closes, Takes, Answers422 } next_entry;
  enum class Second { OwnChannel, RefusedAtData, BesideTheFirst, TakesOver, NoConnection } second;
  bool keeps_lost = false;        ///< a connection that was cut holds the channel for a while
  bool keeps_unstarted = false;   ///< a PushSetup without a PushStart holds it for ever
  bool setup_drops = false;       ///< a PushSetup drops the running push
  bool drops_silent = false;      ///< a push that is silent for too long
  std::size_t largest_frame = 0;  ///< bytes of a payload; 0: what the protocol allows
};

const std::vector<Habits>& field_receivers();
void PrintTo(const Habits& habits, std::ostream* out);

/// Plays one of them on a port of its own. All functions may be called from any thread.
class FieldReceiver {
 public:
  /// How long what is kept for a while is kept, and how long silence may last.
  static constexpr std::chrono::milliseconds kWhile{250};
  /// The latter is longer than a busy machine makes a push wait.
  static constexpr std::chrono::milliseconds kSilence{600};

  explicit FieldReceiver(const Habits& habits);

  std::string url(const std::string& credentials = "") const {
    return server_->url("/live", credentials);
  }
  /// The process is killed, and started again a moment later.
  void restart();
  /// The running push's TCP connection is reset by something on the way.
  void cut();
  /// Waits until so many packets have come in all; false when they do not.
  bool wait_for_packets(std::size_t count);
  /// A PushSetup that no PushStart follows.
  void set_up_only();

  /// The frames of each stream, in the order in which they began.
  std::vector<std::vector<SentFrame>> streams() const;
  /// Everything that came in $D, in order.
  std::vector<std::string> packets() const;

 private:
  using Connection = RawServer::Connection;
  using Clock = std::chrono::steady_clock;

  void serve(Connection& connection);
  void listen();
  bool let_in(Connection& connection, const std::string& head);
  bool take_channel(Connection& connection);
  void take_stream(Connection& connection);
  bool take_frame(Connection& connection, const wmhttp::Frame& frame, std::size_t stream);
  void leave(const Connection& connection);
  std::string answer(const std::string& status, const std::string& id) const;

  const Habits habits_;
  mutable std::mutex mutex_;
  std::set<std::string> ids_;  // that were given
  unsigned last_id_ = 1000;
  Connection* pushing_ = nullptr;
  std::size_t connections_ = 0;
  bool cut_ = false;
  bool blocked_ = false;  // by a session that was not started
  Clock::time_point kept_until_{};
  std::vector<std::vector<SentFrame>> streams_;
  std::uint16_t port_ = 0;
  std::unique_ptr<RawServer> server_;  // the last: its threads use the others
};

}  // namespace wmpush::test
