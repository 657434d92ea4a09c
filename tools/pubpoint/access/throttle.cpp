#include "pubpoint/access/throttle.hpp"

#include <algorithm>

#include "pubpoint/access/ip_address.hpp"

namespace wmpush::pubpoint {

std::chrono::milliseconds Throttle::failed(std::string_view address, Clock::time_point now) {
  Failures& failures = failures_.use(owner_of(address));
  if (now - failures.last >= settings_.forget) failures.next = std::chrono::milliseconds(0);
  failures.last = now;
  const auto delay = failures.next;
  failures.next = std::min(settings_.longest, delay.count() == 0 ? settings_.first : 2 * delay);
  return delay;
}

void Throttle::succeeded(std::string_view address) { failures_.erase(owner_of(address)); }

}  // namespace wmpush::pubpoint
