// The lines of a server's log. SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <mutex>
#include <string>

#include "pubpoint/server.hpp"

namespace wmpush::test {

/// Outlives the servers that have its settings.
class ServerLog {
 public:
  void keep(pubpoint::Settings& settings) {
    settings.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_ += line + "\n";
    };
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::string lines_;
};

}  // namespace wmpush::test
