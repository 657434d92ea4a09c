// All publishing points that browsers can watch.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pubpoint/client/client_thread.hpp"
#include "pubpoint/hls/hls_point.hpp"

namespace wmpush::pubpoint {

/// Belongs to the server's thread. The programs are started and fed in a thread of their own, which
/// there is where a point has HLS.
class Hls {
 public:
  struct Surroundings {
    std::function<void(std::function<void()>)> post;  ///< into the server's thread
    std::function<Clock::time_point()> now;
    /// A line for people, and what is not said too often by its key.
    std::function<void(const std::string& key, const std::string&)> log;
  };
  Hls(const std::vector<HlsPointSettings>& points, const HlsSettings& settings,
      Surroundings around);
  ~Hls();
  Hls(const Hls&) = delete;
  Hls& operator=(const Hls&) = delete;

  /// Null where the point has no HLS.
  std::shared_ptr<HlsPoint> find(const std::string& point) const;
  /// Somebody asks for its playlist.
  bool is_wanted(const std::string& point) const;
  void check_timers();
  /// Ends all programs.
  void stop();

 private:
  std::size_t running_ = 0;  // points with a program
  std::unique_ptr<ClientThread> thread_;
  std::map<std::string, std::shared_ptr<HlsPoint>> points_;
};

}  // namespace wmpush::pubpoint
