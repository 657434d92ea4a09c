// Server-sent events: those who keep a page open hear of its numbers every second.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/clock.hpp"
#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread. Makes each event once for all who hear it. Who has not taken the
/// last one gets no other, and is dropped after kMostMissed of them: nothing piles up.
class EventStream {
 public:
  static constexpr int kMostMissed = 10;

  /// `point`: hears of this one only; empty: of all. The response has begun.
  void add(ClientConnection& connection, std::string point);
  void remove(const ClientConnection& connection);
  /// Those who hear now.
  std::size_t size();

  /// Somebody listens, and the last event is a second old, or more where events are large.
  bool is_due(Clock::time_point now);
  /// `snapshot` has its history where `with_history` says so.
  void send(const Snapshot& snapshot, bool with_history, Clock::time_point now);

 private:
  struct Listener {
    std::weak_ptr<void> alive;
    ClientConnection* connection;
    std::string point;
    int missed = 0;
  };
  void forget_gone();

  std::vector<Listener> listeners_;
  Clock::time_point next_{};  // event, at the earliest
};

/// The JSON of one event: `point` is what it is about, null: all.
std::string event_json(const Snapshot& snapshot, const PointNumbers* point, bool with_history);

}  // namespace wmpush::pubpoint
