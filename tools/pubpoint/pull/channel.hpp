// The viewers of one point in one thread.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <vector>

#include "pubpoint/point/ring.hpp"
#include "pubpoint/pull/viewer.hpp"

namespace wmpush::pubpoint {

class Channel {
 public:
  /// `queue`: bytes that a viewer may be behind.
  explicit Channel(std::size_t queue) : queue_(queue), ring_(queue) {}

  /// True when pump() is to be called, once everything else that has arrived was taken: under load
  /// several items then go out in one send.
  bool take(const Item& item);
  void pump();
  void change_queue(std::size_t queue);
  void join(ClientSocket socket, Viewer::Wishes wishes, std::shared_ptr<ViewerRecord> record,
            std::function<void(Viewer&)> over);
  /// Those that are over are forgotten, and those that were told the end closed.
  void check_timers(Clock::time_point now);
  void select(std::uint32_t client_id, const PullRequest& request);
  void close_viewer(std::uint64_t number, const std::string& because);
  void dismiss();

 private:
  std::size_t queue_;
  Ring ring_;
  bool pump_is_due_ = false;
  std::vector<std::shared_ptr<Viewer>> viewers_;
};

}  // namespace wmpush::pubpoint
