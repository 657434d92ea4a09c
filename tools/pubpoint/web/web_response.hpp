// A whole response to those who look at the server, and how it is sent.
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <string_view>

#include "pubpoint/http/client_connection.hpp"
#include "pubpoint/http/messages.hpp"

namespace wmpush::pubpoint {

inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";
inline constexpr std::string_view kHtmlText = "text/html; charset=utf-8";

/// What a page may do. Nothing may be loaded from elsewhere, and nothing that stands within the
/// page itself runs: what somebody smuggles into one does nothing.
enum class PageKind {
  Reading,       ///< shows, and has no forms
  Playing,       ///< the same, and plays what its script has got
  Administering  ///< has forms, whose requests go to this server, and no script
};

struct WebResponse {
  std::string status = "200 OK";
  std::string type{kPlainText};
  std::string body{};
  std::string cache = "no-store";
  std::string etag{};  ///< with its quotes; who has the same already gets a 304
  std::string more{};  ///< further fields, each with its line break
  PageKind page = PageKind::Reading;
};

/// Sends it, and closes where that was asked for. `body_was_read`: what the request had behind its
/// head is read; otherwise a request with a body closes the connection.
void send_response(ClientConnection& connection, const RequestHead& head,
                   const WebResponse& response, bool body_was_read = false);

/// One line, and the methods that the path takes.
WebResponse method_not_allowed(std::string_view allowed);

}  // namespace wmpush::pubpoint
