#include "pubpoint/point/broadcast.hpp"

#include <utility>

namespace wmpush::pubpoint {

void Broadcast::pass_on(const Item& item) {
  for (const auto& sink : sinks_) sink->take(item);
}

void Broadcast::on_header(Bytes bytes, Clock::time_point now) {
  auto header = EntryHeader::parse(bytes);
  if (!header) return;
  last_packet_ = now;
  lost_ = false;
  const bool goes_on = timeline_.begin(header) && live_;
  live_ = true;
  if (!goes_on) pass_on({nullptr, header, 0});
  for (const auto& [who, ready] : std::exchange(waiting_, {}))
    if (!who.expired()) ready();
}

void Broadcast::on_packet(Bytes bytes, Clock::time_point now) {
  last_packet_ = now;
  auto packet = timeline_.take(bytes);
  if (!packet) return;
  intake_.frames += packet->frames;
  if (packet->starts) last_key_frame_ = now;
  pass_on({std::move(packet), nullptr, 0});
}

void Broadcast::end(std::uint32_t reason) {
  lost_ = false;
  if (endless_) return;
  if (!std::exchange(live_, false)) return;
  timeline_ = {};
  pass_on({nullptr, nullptr, reason});
}

void Broadcast::lose(Clock::time_point now) {
  last_packet_ = std::max(last_packet_, now);
  lost_ = live_;
}

void Broadcast::check_timer(Clock::time_point now, std::chrono::milliseconds patience) {
  constexpr std::uint32_t kConnectionFailure = 0xC00D0029;  // NS_E_CONNECTION_FAILURE
  if (lost_ && now - last_packet_ >= patience) end(kConnectionFailure);
  std::erase_if(waiting_, [](const Waiting& each) { return each.who.expired(); });
}

void BroadcastFeed::on_end(SessionReport& report) {
  broadcast_->set_pusher(false);
  if (report.end_of_stream)
    broadcast_->end(report.end_reason);
  else
    broadcast_->lose(now_());
}

}  // namespace wmpush::pubpoint
