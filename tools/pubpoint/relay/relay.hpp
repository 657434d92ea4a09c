// Pushes on what a publishing point receives: a link of a push distribution chain.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pubpoint/push/push_session.hpp"
#include "pubpoint/relay/relay_numbers.hpp"
#include "pubpoint/relay/relay_settings.hpp"

namespace wmpush::pubpoint {

/// One push after the other to the same URL, each as long as the one that is received, in a thread
/// of its own. Whatever the next server does, who pushes to us does not wait for it: while it does
/// not take the push, or takes it too slowly, packets are left out, and another try is made for as
/// long as the push lasts.
class Relay {
 public:
  /// `log` gets a line for people; called from the relay's thread.
  Relay(RelaySettings settings, std::function<void(const std::string&)> log);
  /// As begin_stop(), and waits until it is over.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  /// Ends the push that is under way, which may take two seconds.
  void begin_stop();
  const RelaySettings& settings() const;
  /// Takes the next push. In the server's thread; what it returns may outlive the relay.
  std::unique_ptr<StreamConsumer> feed();
  /// From any thread.
  RelayNumbers numbers() const;

 private:
  class Link;
  const std::shared_ptr<Link> link_;
};

}  // namespace wmpush::pubpoint
