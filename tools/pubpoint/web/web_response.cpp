#include "pubpoint/web/web_response.hpp"

#include <algorithm>
#include <utility>

#include "pubpoint/http/field_text.hpp"

namespace wmpush::pubpoint {
namespace {

/// All that a page needs is here, and nothing of it is within the page: what somebody smuggles into
/// one runs nowhere.
constexpr std::string_view kPageFields =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n";
/// There is a body, which nobody reads.
bool has_body(const RequestHead& head) {
  const auto lengths = head.values("Content-Length");
  return !head.values("Transfer-Encoding").empty() ||
         std::ranges::any_of(lengths, [](std::string_view each) { return trimmed(each) != "0"; });
}

/// The client has what it asks for (RFC 9110, 13.1.2).
bool is_known(const RequestHead& head, const std::string& etag) {
  return head.lists("If-None-Match", etag) || head.lists("If-None-Match", "*") ||
         head.lists("If-None-Match", "W/" + etag);
}

}  // namespace

void send_response(ClientConnection& connection, const RequestHead& head, WebResponse response) {
  const bool closes = head.version == 10 || has_body(head) || head.lists("Connection", "close");
  const bool has_it = !response.etag.empty() && is_known(head, response.etag);
  std::string text =
      "HTTP/1.1 " + (has_it ? "304 Not Modified" : response.status) + "\r\nServer: wmpush\r\n";
  // A 304 says nothing of the length of what it does not have.
  if (!has_it)
    text += "Content-Type: " + response.type +
            "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += "Cache-Control: " + response.cache + "\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.etag.empty()) text += "ETag: " + response.etag + "\r\n";
  if (response.type == kHtmlType) text += kPageFields;
  text += response.fields;
  text += closes ? "Connection: close\r\n\r\n" : "\r\n";
  if (head.method != "HEAD" && !has_it) text += response.body;
  connection.say(std::move(text));
  if (closes) connection.close_politely();
}

}  // namespace wmpush::pubpoint
