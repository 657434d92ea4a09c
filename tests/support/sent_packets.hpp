// The data packets of an ASF stream as a push sends them.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"

namespace wmpush::test {

/// Without the padding that a recording puts back.
inline std::vector<std::string> packets_in(const std::string& asf) {
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(asf);
  std::vector<std::string> packets;
  do {
    EXPECT_FALSE(splitter.next(input, unit));
    if (unit.kind != asf::Splitter::Kind::Packet) continue;
    const asf::StrippedPacket packet = asf::strip_padding(unit.bytes);
    packets.push_back(std::string(as_text(packet.head())) + std::string(as_text(packet.rest)));
  } while (unit.kind != asf::Splitter::Kind::None);
  return packets;
}

}  // namespace wmpush::test
