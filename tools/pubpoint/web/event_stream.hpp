// Server-sent events: those who keep a page open hear of its numbers every second.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/clock.hpp"
#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/web/clients.hpp"
#include "pubpoint/web/snapshot.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread. Makes each event once for all who hear it. Whose system has not
/// confirmed the last one gets no other, and is dropped after kMostMissed of them: nothing piles
/// up.
class EventStream {
 public:
  static constexpr int kMostMissed = 10;

  /// What somebody hears of.
  struct Subject {
    PointChoice points{};
    bool with_clients = false;  ///< who watches and pushes, too
    auto operator<=>(const Subject&) const = default;
  };

  /// The response has begun.
  void add(ClientConnection& connection, Subject subject);
  void remove(const ClientConnection& connection);
  /// Those who hear now.
  std::size_t size();
  /// Of these, the ones at the addresses of one owner (owner_of()).
  std::size_t of(const std::string& owner);

  /// Somebody listens, and the last event is a second old, or more where events are large.
  bool is_due(Clock::time_point now);
  /// `make` makes the JSON of an event, once for each subject.
  void send(const std::function<std::string(const Subject&)>& make, Clock::time_point now);

 private:
  struct Listener {
    std::weak_ptr<void> alive;
    ClientConnection* connection;
    Subject subject;
    std::string owner;
    int missed = 0;
  };
  void forget_gone();

  std::vector<Listener> listeners_;
  Clock::time_point next_{};  // event, at the earliest
};

/// The JSON of one event about all points of the snapshot, which have their history where
/// `with_history` says so. `clients`: of the only one; null where they are nobody's business.
std::string event_json(const Snapshot& snapshot, bool with_history,
                       const PointClients* clients = nullptr);

}  // namespace wmpush::pubpoint
