// What systemd, or who does as it does, is told and hands over: sd_notify(3) and
// sd_listen_fds(3), without their library.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

class Supervisor {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_FDS and LISTEN_PID, and takes them
  /// out of the environment: they are for this process alone.
  Supervisor();

  /// "READY=1", several with line breaks between. Nothing where nobody wants to know.
  void tell(std::string_view state) const;
  /// A reload has begun: "RELOADING=1", with the time that belongs to it.
  void tell_reloading() const;

  /// How often "WATCHDOG=1" is to be told, at least; nothing: never.
  std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }

  /// The socket of this number, from 0 on, that was handed over; -1: none.
  int listener(int number) const { return number < listeners_ ? 3 + number : -1; }
  /// How many there are.
  int listeners() const { return listeners_; }

 private:
  std::string socket_;
  std::optional<std::chrono::microseconds> watchdog_;
  int listeners_ = 0;
};

}  // namespace wmpush::pubpoint
