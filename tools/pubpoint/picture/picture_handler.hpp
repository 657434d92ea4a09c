// Serves the requests for pictures: /POINT.jpg.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <memory>
#include <string>

#include "pubpoint/http/request_handler.hpp"
#include "pubpoint/picture/pictures.hpp"
#include "pubpoint/service.hpp"

namespace wmpush::pubpoint {

class KeyFrame;

/// Who may watch a point may see its picture.
class PictureHandler final : public RequestHandler {
 public:
  PictureHandler(ClientConnection& connection, Service& service)
      : connection_(connection), service_(service) {}

  /// A publishing point of the same name wins.
  bool takes(const RequestHead& head) const override;
  Reading on_request(const RequestHead& head) override;
  Reading on_bytes(Bytes&) override { return Reading::Request; }

 private:
  /// The point of "/live.jpg"; empty: it is of none.
  std::string point_of(const RequestHead& head) const;
  /// Answers now, or once the picture is made.
  Reading ask(const RequestHead& head, const std::string& point, const KeyFrame& key_frame);
  void answer(const RequestHead& head, const Picture& picture);

  ClientConnection& connection_;
  Service& service_;
};

}  // namespace wmpush::pubpoint
