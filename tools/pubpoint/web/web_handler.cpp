#include "pubpoint/web/web_handler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "pubpoint/http/field_text.hpp"
#include "pubpoint/http/request_target.hpp"
#include "pubpoint/web/forms.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::array<std::string_view, 4> kPaths = {"/healthz", "/metrics", "/status-json.xsl",
                                                    "/status.json"};

std::string_view path_of(const RequestHead& head) {
  const std::string_view target = path_and_query(head.target);
  return target.substr(0, target.find('?'));
}

/// There is a body, which nobody reads.
bool has_body(const RequestHead& head) {
  const auto lengths = head.values("Content-Length");
  return !head.values("Transfer-Encoding").empty() ||
         std::ranges::any_of(lengths, [](std::string_view each) { return trimmed(each) != "0"; });
}

}  // namespace

bool WebHandler::takes(const RequestHead& head) const {
  if (head.method != "GET" && head.method != "HEAD") return false;
  const std::string_view path = path_of(head);
  return std::ranges::find(kPaths, path) != kPaths.end() &&
         !service_.registry().has(std::string(path));
}

Reading WebHandler::on_request(const RequestHead& head) {
  const std::string_view path = path_of(head);
  if (path == "/healthz") {
    send(head, "200 OK", "text/plain; charset=utf-8", "ok\n");
  } else if (!service_.shows_numbers_to(connection_.address())) {
    send(head, "403 Forbidden", "text/plain; charset=utf-8",
         "status_from does not have this address\n");
  } else {
    const Snapshot snapshot = take_snapshot(service_);
    if (path == "/metrics")
      send(head, "200 OK", "text/plain; version=0.0.4; charset=utf-8", metrics(snapshot));
    else if (path == "/status.json")
      send(head, "200 OK", "application/json", status_json(snapshot));
    else
      send(head, "200 OK", "application/json",
           icecast_json(snapshot,
                        (connection_.secure() ? "https://" : "http://") + host_for_url(head)));
  }
  return Reading::Request;
}

void WebHandler::send(const RequestHead& head, std::string_view status, std::string_view type,
                      const std::string& body) {
  const bool closes = head.version == 10 || has_body(head) || head.lists("Connection", "close");
  std::string text = "HTTP/1.1 " + std::string(status) +
                     "\r\nServer: wmpush\r\nContent-Type: " + std::string(type) +
                     "\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n" +
                     (closes ? "Connection: close\r\n\r\n" : "\r\n");
  if (head.method != "HEAD") text += body;
  connection_.say(std::move(text));
  if (closes) connection_.close_politely();
}

}  // namespace wmpush::pubpoint
