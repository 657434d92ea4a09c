#include "wmhttp/recovery.hpp"

#include <algorithm>
#include <utility>

#include "core/failure.hpp"
#include "wmhttp/seconds_text.hpp"

namespace wmpush::wmhttp {
namespace {

/// The first wait; each further one is twice as long.
constexpr Duration kFirstDelay = std::chrono::milliseconds(500);

}  // namespace

std::string count_text(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

bool Recovery::lost(Time now, const Error& cause) {
  if (!outage_since_) outage_since_ = nothing_since_ = now;
  if (!std::exchange(active_, true)) {
    // One that came back for a moment only has not come back.
    if (!std::exchange(announce_at_, std::nullopt)) {
      lost_at_ = now;
      again_ = 0;
    }
  }
  if (rules_.max_retries > 0 && tries_ >= rules_.max_retries) return false;
  const auto doubled = kFirstDelay * (std::int64_t{1} << std::min<std::int64_t>(tries_, 20));
  const Duration longest =
      std::min<Duration>(std::exchange(hurries_, false) ? kFirstDelay : doubled, rules_.delay_max);
  // Encoders that lost their server together are not to come back together.
  std::uniform_int_distribution<std::int64_t> jitter(0, longest.count() / 2);
  delay_ = longest / 2 + Duration(jitter(random_));
  try_at_ = now + delay_;
  ++tries_;
  cause_ = cause;
  return true;
}

bool Recovery::lasted(Time now) const {
  return streaming_since_ && now - *streaming_since_ >= kLasting;
}

void Recovery::settle(Time now) {
  if (lasted(now)) {
    tries_ = 0;
    outage_since_.reset();
  }
  streaming_since_.reset();
}

void Recovery::streaming(Time now) {
  active_ = false;
  ++reconnects_;
  streaming_since_ = now;
  // Said only when the server has not objected for a while.
  announce_at_ = now + kAtOnce;
}

std::string Recovery::announcement(bool same_session) {
  if (!std::exchange(announce_at_, std::nullopt)) return {};
  return "streaming again after " + seconds_text(*streaming_since_ - lost_at_) +
         (same_session ? ", in the same session: " : ", in a new session: ") +
         count_text(again_, "packet") + " sent again, " +
         (at_risk_ == 0 ? "none lost"
                        : count_text(at_risk_, "packet") + " at the most lost so far");
}

}  // namespace wmpush::wmhttp
