// What someone on the way may change in a data packet: its times, and which payloads it has.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "asf/payload.hpp"
#include "core/bytes.hpp"

namespace wmpush::asf {

/// Adds `shift` ms, modulo 2^32, to the send time and to every presentation time of a packet.
/// False, and nothing is changed, when it is malformed.
bool shift_times(MutableBytes packet, std::uint32_t shift);

enum class Kept {
  All,   ///< the packet stays as it is
  Some,  ///< `edited` has the rest, without padding
  None   ///< nothing is left, or the packet is malformed
};

/// Takes the payloads out of `packet` that `wanted` does not want. It is asked once for each
/// payload, in order; of media objects that share one, for the first. Of a packet with a single
/// payload nothing can be taken but all.
Kept keep_payloads(Bytes packet, const std::function<bool(const Payload&)>& wanted,
                   std::vector<std::byte>& edited);

}  // namespace wmpush::asf
