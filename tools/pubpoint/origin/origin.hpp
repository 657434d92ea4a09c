// Shows at a publishing point what another server shows: an edge of a distribution.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pubpoint/client/retry_delay.hpp"
#include "pubpoint/clock.hpp"
#include "pubpoint/origin/origin_numbers.hpp"
#include "pubpoint/origin/origin_settings.hpp"
#include "pubpoint/origin/pulled_frames.hpp"
#include "pubpoint/push/push_session.hpp"
#include "wmhttp/url.hpp"

namespace wmpush::pubpoint {

class ClientThread;
class OriginPull;

/// Pulls once, however many watch, and only while somebody does. A stream that breaks off is asked
/// for again, and viewers go on with it. Belongs to the server's thread.
class Origin {
 public:
  struct Surroundings {
    /// Has a function called in the server's thread; from any thread.
    std::function<void(std::function<void()>)> post;
    std::function<Clock::time_point()> now;
    /// Takes the stream of one pull.
    std::function<std::unique_ptr<StreamConsumer>()> feed;
    std::function<void(const std::string&)> log;  ///< a part of a line
  };

  /// `thread` must outlive it.
  Origin(OriginSettings settings, ClientThread& thread, Surroundings around);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  /// Somebody watches, or waits for something to watch, or nobody does: called often.
  void want(bool wanted);
  const OriginNumbers& numbers() const { return numbers_; }

 private:
  void start();
  void take(std::uint64_t pull, const std::vector<std::byte>& bytes);
  void end(std::uint32_t reason);
  void lose(const std::string& why);
  void stop();
  void over(bool end_of_stream, std::uint32_t reason);

  const OriginSettings settings_;
  wmhttp::PushUrl url_;
  ClientThread& thread_;
  const Surroundings around_;
  const std::shared_ptr<void> there_ = std::make_shared<int>();  // as long as we are
  OriginNumbers numbers_;
  std::shared_ptr<OriginPull> pull_;  // null: nothing is pulled
  std::unique_ptr<StreamConsumer> feed_;
  PulledFrameReader reader_;
  RetryDelay delay_;
  Clock::time_point try_at_{};
  std::optional<Clock::time_point> unwatched_since_;
};

}  // namespace wmpush::pubpoint
