#include "pubpoint/web/web_response.hpp"

#include <utility>

#include "pubpoint/http/conditions.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kReadingFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";
/// A script makes what is played from what it has got.
constexpr std::string_view kPlayingFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self'; connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\nReferrer-Policy: no-referrer\r\n";
/// With no-referrer a browser would hide where a form comes from from this server as well: its
/// Origin would be "null".
constexpr std::string_view kAdministeringFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; base-uri "
    "'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: same-origin\r\n";

std::string_view fields_of(PageKind page) {
  switch (page) {
    case PageKind::Playing:
      return kPlayingFields;
    case PageKind::Administering:
      return kAdministeringFields;
    case PageKind::Reading:
      break;
  }
  return kReadingFields;
}

}  // namespace

void send_response(ClientConnection& connection, const RequestHead& head,
                   const WebResponse& response, bool body_was_read) {
  const bool closes = closes_after(head, body_was_read);
  const bool has_it = !response.etag.empty() && is_known(head, response.etag);
  std::string text = "HTTP/1.1 " + (has_it ? std::string("304 Not Modified") : response.status) +
                     "\r\nServer: wmpush\r\n";
  // A 304 says nothing of the length of what it does not have.
  if (!has_it)
    text += "Content-Type: " + response.type +
            "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += "Cache-Control: " + response.cache + "\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.etag.empty()) text += "ETag: " + response.etag + "\r\n";
  if (response.type == kHtmlText) text += fields_of(response.page);
  text += response.more;
  text += closes ? "Connection: close\r\n\r\n" : "\r\n";
  if (head.method != "HEAD" && !has_it) text += response.body;
  connection.say(std::move(text));
  if (closes) connection.close_politely();
}

WebResponse method_not_allowed(std::string_view allowed) {
  return {.status = "405 Method Not Allowed",
          .body = "this path takes " + std::string(allowed) + " only\n",
          .more = "Allow: " + std::string(allowed) + "\r\n"};
}

}  // namespace wmpush::pubpoint
