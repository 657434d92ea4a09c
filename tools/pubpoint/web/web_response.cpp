#include "pubpoint/web/web_response.hpp"

#include <algorithm>
#include <utility>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kReadingFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";
/// With no-referrer a browser would hide where a form comes from from this server as well: its
/// Origin would be "null".
constexpr std::string_view kAdministeringFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; base-uri "
    "'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: same-origin\r\n";

bool has_body(const RequestHead& head) {
  const auto lengths = head.values("Content-Length");
  return !head.values("Transfer-Encoding").empty() ||
         std::ranges::any_of(lengths, [](std::string_view each) { return trimmed(each) != "0"; });
}

}  // namespace

void send_response(ClientConnection& connection, const RequestHead& head,
                   const WebResponse& response, bool body_was_read) {
  const bool closes =
      head.version == 10 || (has_body(head) && !body_was_read) || head.lists("Connection", "close");
  std::string text = "HTTP/1.1 " + response.status + "\r\nServer: wmpush\r\n";
  // A 304 says nothing of the length of what it does not have.
  if (!response.status.starts_with("304"))
    text += "Content-Type: " + response.type +
            "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += "Cache-Control: " + response.cache + "\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.etag.empty()) text += "ETag: " + response.etag + "\r\n";
  if (response.type == kHtmlText)
    text += response.page == PageKind::Reading ? kReadingFields : kAdministeringFields;
  text += response.more;
  text += closes ? "Connection: close\r\n\r\n" : "\r\n";
  if (head.method != "HEAD") text += response.body;
  connection.say(std::move(text));
  if (closes) connection.close_politely();
}

WebResponse method_not_allowed(std::string_view allowed) {
  return {.status = "405 Method Not Allowed",
          .body = "this path takes " + std::string(allowed) + " only\n",
          .more = "Allow: " + std::string(allowed) + "\r\n"};
}

}  // namespace wmpush::pubpoint
