// What all actions use.
#include "wmhttp/push_actions.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace wmpush::wmhttp {

PushActions::PushActions(EngineConfig config)
    : config_(std::move(config)),
      route_({config_.server, config_.target}, config_.proxy, config_.allow_305),
      admission_(config_.server_authenticator, config_.proxy_authenticator),
      session_(config_.resume),
      log_(config_.reconnect),
      recovery_({config_.reconnect, config_.reconnect_delay_max, config_.reconnect_max_retries,
                 config_.jitter_seed}) {}

PushState PushActions::stay_and_reject(Result result, std::string message) {
  rejected_ = {result, 0, 0, std::move(message)};
  return state_;
}

void PushActions::note(wmpush_log_level level, std::string text) {
  notes_.push_back({level, std::move(text)});
}

PushState PushActions::fail(Error error) noexcept {
  // What may not have arrived will not be sent again any more.
  if (recovery_.enabled()) recovery_.put_at_risk(log_.at_risk(taken(), unread()));
  link_.out.clear();
  log_.clear();
  error_ = std::move(error);
  return State::Failed;
}

/// Bytes of the connection that the peer's kernel has taken.
std::uint64_t PushActions::taken() const noexcept {
  const std::uint64_t out = link_.out.consumed();
  return out - std::min<std::uint64_t>(out, in_.delivery.unacknowledged);
}

/// What the program there may have left of them; what a proxy has not passed on cannot be told.
std::size_t PushActions::unread() const noexcept {
  return route_.stands_between() ? Delivery{}.unread : in_.delivery.unread;
}

bool PushActions::end_overdue() const {
  return end_.asked && in_.now >= end_.since + config_.end_timeout;
}

std::string_view name(PushState state) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(PushState::Count)> kNames =
      {"not connected", "connecting",   "being set up",   "waiting for a header",
       "preparing",     "reconnecting", "authenticating", "waiting for another try",
       "resuming",      "streaming",    "rolling over",   "ending",
       "over",          "failed"};
  return kNames[static_cast<std::size_t>(state)];
}

}  // namespace wmpush::wmhttp
