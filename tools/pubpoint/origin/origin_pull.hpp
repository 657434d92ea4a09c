// One pull from an origin, until it ends.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/client/client_thread.hpp"
#include "wmhttp/url.hpp"

namespace wmpush::pubpoint {

/// Asks as a server does that distributes (agent NSServer): first for the header, whose streams it
/// then names, and then for the stream. Belongs to the ClientThread.
class OriginPull {
 public:
  struct Events {
    /// A part of the stream; the next one comes after go_on().
    std::function<void(std::vector<std::byte>)> bytes;
    /// It is over, and nothing more comes; `why` is a part of a line.
    std::function<void(const std::string& why)> over;
  };

  virtual ~OriginPull() = default;
  // From any thread:
  virtual void go_on() = 0;
  /// Ends it; no event comes any more.
  virtual void abandon() = 0;

  static std::shared_ptr<OriginPull> start(ClientThread& thread, const wmhttp::PushUrl& url,
                                           Events events);
};

}  // namespace wmpush::pubpoint
