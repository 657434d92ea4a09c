// Ctrl-C and SIGTERM, as a wish to stop that the push can look at.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>

namespace wmpush::tool {

/// The first signal asks for a proper end, the second one to give up. Between installing and
/// destruction the process has these handlers; there can be one object at a time.
class StopRequest {
 public:
  using Clock = std::chrono::steady_clock;

  /// The whole time that a proper end may take after the first signal, whatever the peer does.
  static constexpr std::chrono::milliseconds kWindUp{5'000};

  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  bool requested() const;

  /// Whether waiting has to end now. With nothing begun that could be ended properly (`may_wind_up`
  /// false) the first signal is enough; else the second one, or the end of the time.
  static bool must_give_up(int signals, Clock::duration since_first, bool may_wind_up);

  /// From now on the first signal leaves time for a proper end.
  void allow_wind_up() { may_wind_up_ = true; }

  /// For wmpush_options::interrupt; `opaque` is the StopRequest.
  static int interrupt(void* opaque);

 private:
  bool may_wind_up_ = false;
};

}  // namespace wmpush::tool
