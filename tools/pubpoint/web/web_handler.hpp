// Serves the requests of those who look at the server rather than at a stream: its numbers, and
// whether it is well.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class WebHandler final : public RequestHandler {
 public:
  WebHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  /// A publishing point of the same name wins.
  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes&) override { return Reading::Request; }

 private:
  void send(const RequestHead& head, std::string_view status, std::string_view type,
            const std::string& body);

  ClientConnection& connection_;
  Service& service_;
};

}  // namespace wmpush::pubpoint
