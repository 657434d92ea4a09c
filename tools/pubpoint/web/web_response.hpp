// The responses of those who serve more than streams: pages, numbers, pictures.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/http/messages.hpp"

namespace wmpush::pubpoint {

inline constexpr std::string_view kTextType = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtmlType = "text/html; charset=utf-8";

struct WebResponse {
  std::string status = "200 OK";
  std::string type;
  std::string body;
  std::string cache = "no-store";
  std::string etag{};    ///< with its quotes; who has the same already gets a 304
  std::string fields{};  ///< more of them, each with its line end
};

/// Answers a request, without the body where it is a HEAD. The connection closes where it is not to
/// go on, or where the request has a body, which nobody has read.
void send_response(ClientConnection& connection, const RequestHead& head, WebResponse response);

}  // namespace wmpush::pubpoint
