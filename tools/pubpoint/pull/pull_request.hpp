// What someone who wants to watch asks for (MS-WMSP 2.2.2).
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pubpoint/http/messages.hpp"
#include "pubpoint/point/stream_gate.hpp"

namespace wmpush::pubpoint {

struct PullRequest {
  enum class Kind {
    Describe,      ///< the header of what is on air
    Play,          ///< the stream in frames
    SelectStream,  ///< other streams, of a session that plays
    KeepAlive,     ///< nothing
    Log,           ///< statistics of a player
    SendEvent,     ///< the same
    ContentInfo,   ///< a list that is empty here
    Stop,          ///< the end of a session
    Plain,         ///< the stream as ASF
    Page,          ///< something to look at
    Unknown        ///< none of these
  };
  Kind kind = Kind::Unknown;
  std::string path;     ///< percent-decoded, without a query
  std::string query;    ///< as it came, without the '?'
  std::string host;     ///< of the Host field, where it can stand in a URL; else empty
  bool secure = false;  ///< it came over TLS
  std::string user_agent;
  unsigned agent_version = 0;  ///< major version of a player that speaks MS-WMSP; 0: it does not
  std::uint32_t client_id = 0;
  bool head_only = false;   ///< HEAD
  bool keep_alive = false;  ///< the client wants to go on with this connection
  unsigned version = 11;
  std::uint64_t content_length = 0;
  /// Streams that are named, with what is wanted of them: as hexadecimal and as decimal number,
  /// since players do not agree.
  struct Switch {
    std::uint32_t hexadecimal;
    std::uint32_t decimal;
    Thinning thinning;
  };
  std::vector<Switch> switches;

  /// It asks for what is on air, in whatever form.
  bool is_for_stream() const {
    return kind == Kind::Describe || kind == Kind::Play || kind == Kind::Plain ||
           kind == Kind::Page;
  }
};

/// Whether a request is none of a push.
bool is_pull(const RequestHead& head);

/// Reads as much as makes sense; what does not is ignored.
PullRequest read_pull_request(const RequestHead& head);

/// The streams of `header` by what is wanted of them. All of all where nothing is named, or
/// something that is not there; what is not named is off where others are.
std::vector<std::pair<std::uint8_t, Thinning>> selection(const PullRequest& request,
                                                         const EntryHeader& header);

}  // namespace wmpush::pubpoint
