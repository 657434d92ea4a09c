// Serves the requests of those who look at the server rather than at a stream: its pages, its
// numbers, and whether it is well.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/service.hpp"
#include "pubpoint/web/assets.hpp"
#include "pubpoint/web/page.hpp"

namespace wmpush::pubpoint {

class WebHandler final : public RequestHandler {
 public:
  WebHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  /// A publishing point of the same name wins. A browser that asks for a point gets its page.
  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes&) override { return Reading::Request; }
  void on_gone(const std::string&) override { service_.events().remove(connection_); }

 private:
  struct Response {
    std::string status = "200 OK";
    std::string type;
    std::string body;
    std::string cache = "no-store";
    std::string etag{};
    bool plays = false;  ///< the page has a player
  };
  Response respond(const RequestHead& head, std::string_view path);
  Response numbers(const RequestHead& head, std::string_view path) const;
  static Response asset(const RequestHead& head, const Asset& asset);
  Reading send_point(const RequestHead& head, const std::string& point);
  Reading begin_events(const RequestHead& head, const std::string& point);
  PageAddress address_of(const RequestHead& head) const;
  void send(const RequestHead& head, const Response& response);

  ClientConnection& connection_;
  Service& service_;
};

}  // namespace wmpush::pubpoint
