// What is said to someone who watches: response heads, frames, announcements
// (MS-WMSP 2.2.2, 2.2.3). SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "pubpoint/pull/pull_request.hpp"

namespace wmpush::pubpoint {

/// Bytes in front of the payload of a $D and of a $H.
inline constexpr std::size_t kPullFrameHead = 12;

/// The head of a $D: `location` numbers the packets, `sequence` those of a connection.
std::array<std::byte, kPullFrameHead> data_frame_head(std::size_t payload, std::uint32_t location,
                                                      std::uint8_t sequence);
/// A header in $H frames: one, but where it has more than 65527 bytes.
std::string header_frames(Bytes header);
/// $E or $C with a Reason.
std::string reason_frame(char id, std::uint32_t reason);

/// The Server field of a response to a player: a Rex need not send $M (3.1.5.11).
std::string player_server(std::string_view server);

/// The head of a response to Describe, with the length of the header frames that follow.
std::string describe_head(const PullRequest& request, std::string_view server,
                          std::uint32_t client_id, bool new_session, std::size_t length);
/// The head of a response to Play.
std::string play_head(const PullRequest& request, std::string_view server, std::uint32_t client_id,
                      bool new_session);
/// The head of a stream of plain ASF.
std::string plain_head(std::string_view server);

/// A whole response with a body.
std::string whole_response(std::string_view status, std::string_view server, std::string_view type,
                           std::string_view body, bool head_only);

/// The URLs by which a player may come to a point, the best first; `path` is percent-encoded,
/// `query` may be empty.
std::vector<std::string> player_urls(bool secure, std::string_view host, std::string_view path,
                                     std::string_view query);

/// The announcements of a point, likewise.
std::string asx_body(bool secure, std::string_view host, std::string_view path,
                     std::string_view query);
std::string m3u_body(bool secure, std::string_view host, std::string_view path,
                     std::string_view query);

}  // namespace wmpush::pubpoint
