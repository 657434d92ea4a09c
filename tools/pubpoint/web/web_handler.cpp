#include "pubpoint/web/web_handler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/percent.hpp"
#include "pubpoint/admission.hpp"
#include "pubpoint/http/conditions.hpp"
#include "pubpoint/http/request_target.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/web/forms.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::array<std::string_view, 5> kPaths = {"/events", "/healthz", "/metrics",
                                                    "/status-json.xsl", "/status.json"};

/// All that a page needs is here, and nothing of it is within the page: what somebody smuggles into
/// one runs nowhere.
constexpr std::string_view kPageFields =
    "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\nReferrer-Policy: "
    "no-referrer\r\n";
constexpr std::string_view kPagePolicy =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self'; connect-src 'self'";
/// A script makes what is played from what it has got.
constexpr std::string_view kPlayerPolicy = "; media-src 'self' blob:";
constexpr std::string_view kText = "text/plain; charset=utf-8";
constexpr std::string_view kHtml = "text/html; charset=utf-8";

/// Of "point=/live"; empty: all.
std::string point_in(std::string_view query) {
  constexpr std::string_view kName = "point=";
  if (!query.starts_with(kName)) return {};
  query.remove_prefix(kName.size());
  return percent_decoded_leniently(query.substr(0, query.find('&')));
}

}  // namespace

bool WebHandler::takes(const RequestHead& head) const {
  if (head.method != "GET" && head.method != "HEAD") return false;
  const std::string_view path = path_of(head.target);
  const PullRequest request = read_pull_request(head);
  const bool is_browser = request.kind == PullRequest::Kind::Page;
  if (service_.registry().has(request.path)) return is_browser;
  return std::ranges::find(kPaths, path) != kPaths.end() || find_asset(path) != nullptr ||
         (is_browser && path == "/");
}

Reading WebHandler::on_request(const RequestHead& head) {
  const std::string_view path = path_of(head.target);
  if (const std::string point = percent_decoded_leniently(path); service_.registry().has(point))
    return send_point(head, point);
  if (path == "/events" && service_.shows_numbers_to(connection_.address()))
    return begin_events(head, point_in(query_of(head.target)));
  send(head, respond(head, path));
  return Reading::Request;
}

WebHandler::Response WebHandler::respond(const RequestHead& head, std::string_view path) {
  if (path == "/healthz") return {.type = std::string(kText), .body = "ok\n"};
  if (const Asset* found = find_asset(path)) return asset(head, *found);
  // The names of the points are among what is kept from others: of the overview nothing is left.
  if (!service_.shows_numbers_to(connection_.address()))
    return {.status = "403 Forbidden",
            .type = std::string(kText),
            .body = "status_from does not have this address\n"};
  return numbers(head, path);
}

WebHandler::Response WebHandler::numbers(const RequestHead& head, std::string_view path) const {
  Snapshot snapshot = take_snapshot(service_);
  if (path == "/metrics")
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics(snapshot)};
  if (path == "/status.json") return {.type = "application/json", .body = status_json(snapshot)};
  const PageAddress address = address_of(head);
  if (path == "/status-json.xsl")
    return {
        .type = "application/json",
        .body = icecast_json(snapshot, (address.secure ? "https://" : "http://") + address.host)};
  if (address.host.empty())
    return {.status = "400 Bad Request", .type = std::string(kText), .body = "no Host\n"};
  for (PointNumbers& point : snapshot.points)
    add_history(point, service_.history(), service_.now());
  return {.type = std::string(kHtml), .body = overview_page(snapshot, address)};
}

WebHandler::Response WebHandler::asset(const RequestHead& head, const Asset& asset) {
  Response response{.type = std::string(asset.type),
                    .body = std::string(asset.body),
                    .cache = "no-cache",
                    .etag = std::string(asset.etag)};
  if (is_known(head, asset.etag)) {
    response.status = "304 Not Modified";
    response.body.clear();
  }
  return response;
}

/// The page of a point is for those who may watch it, as the stream is. Those who see no numbers
/// see a page all the same: they know the point already, and may open it in a player.
Reading WebHandler::send_point(const RequestHead& head, const std::string& point) {
  if (!let_in({.right = Right::Watch,
               .method = head.method,
               .target = head.target,
               .authorization = head.first("Authorization"),
               .address = connection_.address(),
               .point = point},
              connection_, service_, AfterRefusal::Closes))
    return Reading::Nothing;
  PageAddress address = address_of(head);
  address.query = query_of(head.target);
  Snapshot snapshot = take_snapshot(service_);
  const auto its = std::ranges::find(snapshot.points, point, &PointNumbers::name);
  if (address.host.empty() || its == snapshot.points.end()) {
    send(head, {.status = "400 Bad Request", .type = std::string(kText), .body = "no Host\n"});
  } else if (!service_.shows_numbers_to(connection_.address())) {
    send(head, {.type = std::string(kHtml),
                .body = plain_point_page(*its, address),
                .plays = its->hls.has_value()});
  } else {
    add_history(*its, service_.history(), service_.now());
    std::optional<PointClients> clients;
    if (service_.shows_clients_to(connection_.address())) clients = take_clients(service_, point);
    send(head, {.type = std::string(kHtml),
                .body = point_page(snapshot, *its, clients ? &*clients : nullptr, address),
                .plays = its->hls.has_value()});
  }
  return Reading::Request;
}

Reading WebHandler::begin_events(const RequestHead& head, const std::string& point) {
  const std::size_t most = service_.settings().limits.event_streams;
  if (!point.empty() && !service_.registry().has(point)) {
    send(head, {.status = "404 Not Found", .type = std::string(kText), .body = "no such point\n"});
    return Reading::Request;
  }
  if (service_.events().size() >= most) {
    service_.count(Limit::EventStreams);
    service_.log_seldom(std::string(name_of(Limit::EventStreams)),
                        "an event stream is refused: there are " + std::to_string(most) + " (" +
                            connection_.peer() + ")");
    send(head, {.status = "503 Service Unavailable",
                .type = std::string(kText),
                .body = "too many pages are open\n"});
    return Reading::Request;
  }
  // What a proxy keeps back for later is not live.
  connection_.say(
      "HTTP/1.1 200 OK\r\nServer: wmpush\r\nContent-Type: text/event-stream\r\nCache-Control: "
      "no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: "
      "close\r\n\r\n");
  if (head.method == "HEAD")
    connection_.close_politely();
  else
    service_.events().add(connection_, point);
  return Reading::Nothing;
}

PageAddress WebHandler::address_of(const RequestHead& head) const {
  return {.secure = connection_.secure(), .host = host_for_url(head), .query = {}};
}

void WebHandler::send(const RequestHead& head, const Response& response) {
  const bool closes = head.version == 10 || has_body(head) || head.lists("Connection", "close");
  std::string text = "HTTP/1.1 " + response.status + "\r\nServer: wmpush\r\n";
  // A 304 says nothing of the length of what it does not have.
  if (!response.status.starts_with("304"))
    text += "Content-Type: " + response.type +
            "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += "Cache-Control: " + response.cache + "\r\nX-Content-Type-Options: nosniff\r\n";
  if (!response.etag.empty()) text += "ETag: " + response.etag + "\r\n";
  if (response.type == kHtml)
    text.append(kPagePolicy).append(response.plays ? kPlayerPolicy : "").append(kPageFields);
  text += closes ? "Connection: close\r\n\r\n" : "\r\n";
  if (head.method != "HEAD") text += response.body;
  connection_.say(std::move(text));
  if (closes) connection_.close_politely();
}

}  // namespace wmpush::pubpoint
