// Name resolution that nobody has to wait for.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/address.hpp"
#include "net/task.hpp"
#include "wmpush/result.hpp"

namespace wmpush::net {

/// A name that is being resolved.
class Lookup {
 public:
  /// Begins with `host`, a name or an IPv4 or IPv6 literal: a literal is done at once. E_FAIL,
  /// where no thread can be started.
  Error start(const std::string& host, std::uint16_t port);

  bool done() const { return found_ != nullptr && (task_ == nullptr || task_->done()); }
  /// Becomes readable when it is done.
  int descriptor() const { return task_ ? task_->descriptor() : kNoDescriptor; }

  /// Once it is done: the addresses, in the system's order of preference. NS_E_SERVER_NOT_FOUND or
  /// E_OUTOFMEMORY.
  Error take(Addresses& addresses);

 private:
  /// Shared with the thread, which may outlive the lookup.
  struct Found {
    int result = 0;  // of getaddrinfo()
    int system_error = 0;
    Addresses addresses;
  };
  static void ask(const std::string& host, std::uint16_t port, int flags, Found& found) noexcept;

  std::string host_;
  std::shared_ptr<Found> found_;
  std::shared_ptr<Task> task_;
};

}  // namespace wmpush::net
