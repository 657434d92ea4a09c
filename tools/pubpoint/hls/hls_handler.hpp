// Serves the playlists and segments of the points that browsers can watch.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <optional>
#include <string>

#include "pubpoint/hls/hls_point.hpp"
#include "pubpoint/http/conditions.hpp"
#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class HlsHandler final : public RequestHandler {
 public:
  HlsHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  /// A publishing point of the same name wins.
  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes&) override { return Reading::Request; }
  void on_timer(Clock::time_point now) override;

 private:
  /// "/live.m3u8", or "/live.hls/NAME".
  struct Place {
    std::shared_ptr<HlsPoint> point;
    std::string segment;  ///< empty: the playlist
  };
  std::optional<Place> find(const RequestHead& head) const;
  /// Who asks for the playlist, as far as can be told.
  std::string viewer() const;
  /// Answers later: what comes meanwhile waits.
  void ask_hook();
  // True: it is answered.
  bool answer_playlist(bool waited);
  bool refuse(const char* status, const std::string& why);
  bool send_segment();
  void go_on(bool waited);
  /// The head and the body, or a part of it.
  bool send(const std::string& status, const std::string& fields, const SharedText& body,
            std::optional<ByteRange> range = std::nullopt);
  std::string caching(const std::string& what) const;

  ClientConnection& connection_;
  Service& service_;
  RequestHead head_;
  Place place_;
  std::string user_;  // who was let in; empty: anybody is
  bool waits_ = false;
  Clock::time_point wait_until_{};
};

}  // namespace wmpush::pubpoint
