// The sessions of players between their requests (MS-WMSP 3.2.5.1, 3.2.5.6).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <unordered_map>

#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// Remembers which ids it gave, for as long as a session may be idle. At most kMost: the one that
/// was used longest ago is forgotten.
class ClientIds {
 public:
  static constexpr std::size_t kMost = 10'000;
  static constexpr std::chrono::seconds kIdle{60};

  struct Session {
    std::uint32_t id = 0;
    std::uint64_t viewer = 0;  ///< number of the viewer that gets the stream; 0: nobody does
    Clock::time_point used{};
  };
  /// The session with this id; null when there is none (any more).
  const Session* find(std::uint32_t id, Clock::time_point now);
  /// A new one, with a random id that is not 0.
  const Session& make(Clock::time_point now);
  /// The session is that of a viewer, or (0) of nobody any more.
  void set_viewer(std::uint32_t id, std::uint64_t viewer, Clock::time_point now);
  void check_timers(Clock::time_point now);
  std::size_t size() const { return places_.size(); }

 private:
  std::list<Session> sessions_;  // the one that was used last in front
  std::unordered_map<std::uint32_t, std::list<Session>::iterator> places_;
};

}  // namespace wmpush::pubpoint
