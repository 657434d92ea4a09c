#include "pubpoint/limit_counts.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::array<std::string_view, kLimits> kNames{"connections",
                                                       "address_connections",
                                                       "descriptors",
                                                       "head_time",
                                                       "unstarted",
                                                       "address_unstarted",
                                                       "connection_unstarted",
                                                       "points",
                                                       "point_name",
                                                       "entries_per_minute",
                                                       "viewers",
                                                       "point_viewers",
                                                       "viewer_queue",
                                                       "reports",
                                                       "wrong_passwords",
                                                       "record_files",
                                                       "record_queue",
                                                       "record_free",
                                                       "tls_handshakes",
                                                       "event_streams",
                                                       "address_event_streams",
                                                       "hls_programs"};

}  // namespace

std::string_view name_of(Limit limit) { return kNames[static_cast<std::size_t>(limit)]; }

std::string LimitCounts::text() const {
  std::string text;
  for (std::size_t i = 0; i < kLimits; ++i) {
    if (counts_[i] == 0) continue;
    if (!text.empty()) text += ", ";
    text.append(kNames[i]).append(" ").append(std::to_string(counts_[i]));
  }
  return text;
}

}  // namespace wmpush::pubpoint
