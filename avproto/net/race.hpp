// Connecting to whichever address of a host answers first (RFC 8305, "Happy Eyeballs").
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/descriptor.hpp"
#include "net/address.hpp"
#include "net/wait.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

/// How long an address has the race for itself before the next one, of the other family where there
/// is one, joins it (RFC 8305, 5: 250 ms).
inline constexpr std::chrono::milliseconds kHeadStart{250};

/// Addresses that are tried at once, at the most. Where there are more, the one that has had the
/// most time makes room.
inline constexpr std::size_t kMostAtOnce = 4;

class Race {
 public:
  /// `host` is for messages. Nothing is begun yet.
  Race(std::string host, std::uint16_t port, const Addresses& addresses, Time deadline)
      : host_(std::move(host)), port_(port), addresses_(by_turns(addresses)), deadline_(deadline) {}

  /// Does what can be done now. `winner` is open when there is a connection; the others are closed.
  /// NS_E_PUSH_CANNOTCONNECT names each address and why it failed.
  Error perform(Time now, Descriptor& winner);
  Wait wait() const;

 private:
  struct Attempt {
    std::string address;
    Descriptor socket;  // open: it is connecting
    int failure = 0;    // errno
  };

  void begin(Time now);
  bool look(Descriptor& winner);
  std::size_t running() const;
  bool is_another_left() const { return attempts_.size() < addresses_.size(); }
  Error all_failed() const;

  const std::string host_;
  const std::uint16_t port_;
  const Addresses addresses_;
  const Time deadline_;
  std::vector<Attempt> attempts_;  // in the order of the addresses
  Time next_start_{};
  Time last_look_{};
};

}  // namespace wmpush::net
