// What the connections of a server share.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>

#include "pubpoint/http/address_counts.hpp"
#include "pubpoint/http/read_buffers.hpp"
#include "pubpoint/http/request_record.hpp"
#include "pubpoint/limit_counts.hpp"
#include "pubpoint/server.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread, and outlives the connections.
class HttpHost {
 public:
  virtual ~HttpHost() = default;

  virtual const Settings& settings() const = 0;
  virtual Clock::time_point now() const = 0;
  /// Lists and logs a breach.
  virtual void breached(const std::string& peer, const Breach& breach) = 0;
  /// A line that the log has at most once a second for each key.
  virtual void log_seldom(const std::string& key, const std::string& text) = 0;
  virtual void count_request() = 0;
  /// A limit was met.
  virtual void count(Limit limit) = 0;
  /// Tells the program of a request that is over.
  virtual void request_over(const RequestRecord& request) const = 0;

  AddressCounts& connection_counts() { return connection_counts_; }
  ReadBuffers& read_buffers() { return read_buffers_; }

 private:
  AddressCounts connection_counts_;
  ReadBuffers read_buffers_;
};

}  // namespace wmpush::pubpoint
