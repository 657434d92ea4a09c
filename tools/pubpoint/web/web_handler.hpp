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
#include "pubpoint/web/web_response.hpp"

namespace wmpush::pubpoint {

class WebHandler final : public RequestHandler {
 public:
  WebHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  /// A publishing point of the same name wins, but over the files of the page, which every page
  /// needs. A browser that asks for a point gets its page.
  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes&) override { return Reading::Request; }
  void on_gone(const std::string&) override { service_.events().remove(connection_); }

 private:
  WebResponse respond(const RequestHead& head, std::string_view path);
  WebResponse numbers(const RequestHead& head, std::string_view path) const;
  WebResponse overview(const RequestHead& head) const;
  static WebResponse asset(const Asset& asset);
  Reading send_point(const RequestHead& head, const std::string& point);
  WebResponse point(const RequestHead& head, const std::string& point) const;
  Reading begin_events(const RequestHead& head);
  /// Whether one more may listen to events; otherwise it is answered.
  bool may_listen(const RequestHead& head);
  PageAddress address_of(const RequestHead& head) const;

  ClientConnection& connection_;
  Service& service_;
};

}  // namespace wmpush::pubpoint
