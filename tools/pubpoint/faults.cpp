#include "pubpoint/faults.hpp"

#include <algorithm>

namespace wmpush::pubpoint {

std::optional<Fault> Faults::strike(At at, std::uint64_t packet) {
  const auto found = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& fault) {
    return fault.at == at && (at != At::Packet || fault.packet == packet);
  });
  if (found == faults_.end()) return std::nullopt;
  Fault fault = *found;
  if (found->times > 0 && --found->times == 0) faults_.erase(found);
  return fault;
}

}  // namespace wmpush::pubpoint
