// Who pushes to a point and who watches it: with addresses, which are nobody else's business.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pubpoint/web/history.hpp"

namespace wmpush::pubpoint {

class Service;

struct EncoderDetails {
  std::string peer;  ///< address and port
  std::string user_agent;
  std::chrono::system_clock::time_point since{};
};

struct ViewerDetails {
  std::uint64_t number = 0;  ///< by which the server knows it
  std::string peer;          ///< address and port
  std::string user_agent;
  bool framed = false;  ///< mmsh; otherwise plain ASF
  std::chrono::milliseconds time{0};
  std::uint64_t bytes = 0;   ///< sent
  std::uint64_t behind = 0;  ///< bytes that it has still to get
  std::uint64_t skips = 0;
};

/// Of one point. Apart from the Snapshot, so that no form of that can show it.
struct PointClients {
  std::optional<EncoderDetails> encoder;
  std::vector<ViewerDetails> viewers;      ///< those who came first, kMostListed at most
  std::size_t more_viewers = 0;            ///< than are listed
  std::vector<PushEvent> events;           ///< newest first
  std::vector<RecordingEvent> recordings;  ///< that are finished, newest first
};
inline constexpr std::size_t kMostListed = 200;

/// In the server's thread. Secrets in what clients say of themselves are masked.
PointClients take_clients(const Service& service, const std::string& point);

}  // namespace wmpush::pubpoint
