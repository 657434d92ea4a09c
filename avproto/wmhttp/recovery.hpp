// What is done about a connection that was lost in mid stream (2.2.2.2, 3.2.7.1).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "wmhttp/push_start.hpp"
#include "wmpush/result.hpp"

namespace wmpush::wmhttp {

/// A stream that went on for so long after a loss counts as well again.
inline constexpr std::chrono::seconds kLasting{5};
/// A server that fails so soon after something was sent fails because of it.
inline constexpr std::chrono::seconds kAtOnce{1};

struct RecoveryRules {
  bool enabled = false;
  Duration delay_max{};          ///< the longest wait between two tries
  std::int64_t max_retries = 0;  ///< tries in a row; 0 = no limit
  std::uint32_t jitter_seed = 1;
};

/// From a loss until the stream counts as well again, which may take several tries.
class Recovery {
 public:
  explicit Recovery(const RecoveryRules& rules) : rules_(rules), random_(rules.jitter_seed) {}

  bool enabled() const { return rules_.enabled; }

  /// The connection was lost, or could not be made. When to try again is in try_at(); false: there
  /// is no try left.
  bool lost(Time now, const Error& cause);
  Time try_at() const { return try_at_; }
  Duration delay() const { return delay_; }
  std::int64_t tries() const { return tries_; }
  const Error& cause() const { return cause_; }
  /// The server has just said that it wants a new session: it need not be waited for.
  void hurry() { hurries_ = true; }

  /// The connection was lost, and nothing of the stream has gone out on another one yet.
  bool active() const { return active_; }
  /// The stream goes out again.
  void streaming(Time now);
  /// Since when it does not, or has not for long enough.
  std::optional<Time> outage_since() const { return outage_since_; }
  /// The connection broke on which the stream went out: the server had something of it until now.
  void broke(Time now) { nothing_since_ = now; }
  /// Since when the server has had nothing of it. Only within an outage.
  Time nothing_since() const { return nothing_since_; }
  /// The stream that came back goes on for so long that it counts as well again.
  bool lasted(Time now) const;
  /// What was lost before is over.
  void settle(Time now);

  /// The stream has come back, for long enough or for good, and the log has not heard of it.
  bool announcement_due(Time now) const { return announce_at_ && now >= *announce_at_; }
  /// What it is to hear, once; empty when it has.
  std::string announcement(bool same_session);

  void resent_packet() {
    ++again_;
    ++resent_;
  }
  void put_at_risk(std::uint64_t packets) { at_risk_ += packets; }
  std::uint64_t packets_resent() const { return resent_; }
  std::uint64_t packets_at_risk() const { return at_risk_; }
  std::uint64_t reconnects() const { return reconnects_; }

 private:
  const RecoveryRules rules_;
  std::minstd_rand random_;
  bool active_ = false;
  bool hurries_ = false;
  std::int64_t tries_ = 0;  // in a row, without a stream that lasted
  Duration delay_{};
  Time try_at_{};
  Error cause_;
  Time lost_at_{};
  std::optional<Time> outage_since_;  // since when no stream has lasted
  Time nothing_since_{};
  std::optional<Time> streaming_since_;
  std::optional<Time> announce_at_;
  std::uint64_t again_ = 0;  // packets sent again because of this loss
  std::uint64_t resent_ = 0;
  std::uint64_t at_risk_ = 0;
  std::uint64_t reconnects_ = 0;
};

/// "1 packet", "2 packets"
std::string count_text(std::uint64_t count, std::string_view noun);

}  // namespace wmpush::wmhttp
