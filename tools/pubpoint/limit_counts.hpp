// How often each limit was met.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wmpush::pubpoint {

/// What a client, or all of them, may take no more of. Most are those of the same name in Limits.
enum class Limit : unsigned {
  Connections,          ///< a connection was refused
  AddressConnections,   ///< the same
  Descriptors,          ///< the same: what is left of them is for files
  HeadTime,             ///< a head, or a short body, was not whole in time
  Unstarted,            ///< a PushSetup was refused
  AddressUnstarted,     ///< the same, or an older session had to make room
  ConnectionUnstarted,  ///< a session had to make room for a newer one of its connection
  Points,               ///< a point was not made
  PointName,            ///< the same
  EntriesPerMinute,     ///< a push was ended
  Viewers,              ///< a viewer was refused
  PointViewers,         ///< the same
  ViewerQueue,          ///< a viewer was too slow, and went on at a newer key frame or was let go
  Reports,              ///< the report of a session was forgotten
  WrongPasswords,       ///< the answer to one had to wait
  RecordFiles,          ///< a push was not recorded, or not whole: too many are
  RecordQueue,          ///< the same: too much waits for the disk
  RecordFree,           ///< the same: the disk has too little space
  Handshakes,           ///< a client of the TLS port did not come to speak TLS
  EventStreams,         ///< a page was not kept up to date: too many are
  AddressEventStreams,  ///< the same, of one address
  HlsPrograms           ///< a browser could not watch: too many points have a program for HLS
};
inline constexpr std::size_t kLimits = 22;

/// As in the configuration where there is a key for it: "address_connections".
std::string_view name_of(Limit limit);

class LimitCounts {
 public:
  std::uint64_t& operator[](Limit limit) { return counts_[static_cast<std::size_t>(limit)]; }
  std::uint64_t operator[](Limit limit) const { return counts_[static_cast<std::size_t>(limit)]; }
  /// Those that were met: "viewers 3, wrong_passwords 17"; empty when none was.
  std::string text() const;

 private:
  std::array<std::uint64_t, kLimits> counts_{};
};

}  // namespace wmpush::pubpoint
