#include "pubpoint/web/web_handler.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/percent.hpp"
#include "pubpoint/access/ip_address.hpp"
#include "pubpoint/admission.hpp"
#include "pubpoint/http/request_target.hpp"
#include "pubpoint/pull/pull_request.hpp"
#include "pubpoint/push/request_rules.hpp"
#include "pubpoint/web/form_fields.hpp"
#include "pubpoint/web/forms.hpp"
#include "pubpoint/web/layout.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::array<std::string_view, 5> kPaths = {"/events", "/healthz", "/metrics",
                                                    "/status-json.xsl", "/status.json"};

bool only_looks(const RequestHead& head) { return head.method == "GET" || head.method == "HEAD"; }

}  // namespace

bool WebHandler::takes(const RequestHead& head) const {
  const std::string_view path = path_of(head.target);
  const bool is_ours = std::ranges::find(kPaths, path) != kPaths.end() || path == "/";
  const PullRequest request = read_pull_request(head);
  if (!only_looks(head))
    // Players report to the path that they play from, and encoders may push to what is no point
    // yet.
    return !service_.registry().has(request.path) && (is_ours || find_asset(path) != nullptr) &&
           !is_pull(head) && !is_push(head);
  if (find_asset(path) != nullptr) return true;
  const bool is_browser = request.kind == PullRequest::Kind::Page;
  if (service_.registry().has(request.path)) return is_browser;
  return is_ours && (is_browser || path != "/");
}

Reading WebHandler::on_request(const RequestHead& head) {
  const std::string_view path = path_of(head.target);
  if (const std::string point = percent_decoded_leniently(path);
      service_.registry().has(point) && find_asset(path) == nullptr)
    return send_point(head, point);
  if (only_looks(head) && path == "/events" && service_.shows_numbers_to(connection_.address()))
    return begin_events(head);
  send_response(connection_, head, respond(head, path));
  return Reading::Request;
}

WebResponse WebHandler::respond(const RequestHead& head, std::string_view path) {
  if (!only_looks(head)) return method_not_allowed("GET, HEAD");
  if (path == "/healthz") return {.body = "ok\n"};
  if (const Asset* found = find_asset(path)) return asset(*found);
  // The names of the points are among what is kept from others: of the overview nothing is left.
  if (!service_.shows_numbers_to(connection_.address()))
    return {.status = "403 Forbidden", .body = "status_from does not have this address\n"};
  return path == "/" ? overview(head) : numbers(head, path);
}

WebResponse WebHandler::numbers(const RequestHead& head, std::string_view path) const {
  const Snapshot snapshot = take_snapshot(service_);
  if (path == "/metrics")
    return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics(snapshot)};
  if (path == "/status.json") return {.type = "application/json", .body = status_json(snapshot)};
  const PageAddress address = address_of(head);
  return {.type = "application/json",
          .body = icecast_json(snapshot, (address.secure ? "https://" : "http://") + address.host)};
}

WebResponse WebHandler::overview(const RequestHead& head) const {
  PageAddress address = address_of(head);
  if (address.host.empty()) return {.status = "400 Bad Request", .body = "no Host\n"};
  if (service_.users().somebody_may(Right::Administer, {})) address.administration = kAdminPath;
  Snapshot snapshot = take_snapshot(service_, {.page = page_in(query_of(head.target))});
  for (PointNumbers& point : snapshot.points) {
    add_history(point, service_.history(), service_.now());
    // A browser would ask for a password for each picture.
    if (!service_.anybody_may_watch(point.name, connection_.address())) point.picture.reset();
  }
  return {.type = std::string(kHtmlText), .body = overview_page(snapshot, address)};
}

WebResponse WebHandler::asset(const Asset& asset) {
  return {.type = std::string(asset.type),
          .body = std::string(asset.body),
          .cache = "no-cache",
          .etag = std::string(asset.etag)};
}

Reading WebHandler::send_point(const RequestHead& head, const std::string& name) {
  // Who may not watch a point learns nothing of it.
  if (!let_in({.right = Right::Watch,
               .method = head.method,
               .target = head.target,
               .authorization = head.first("Authorization"),
               .address = connection_.address(),
               .point = name},
              connection_, service_, AfterRefusal::Closes))
    return Reading::Nothing;
  send_response(connection_, head, point(head, name));
  return Reading::Request;
}

WebResponse WebHandler::point(const RequestHead& head, const std::string& name) const {
  PageAddress address = address_of(head);
  address.query = query_of(head.target);
  Snapshot snapshot = take_snapshot(service_, {.only = name});
  if (address.host.empty() || snapshot.points.empty())
    return {.status = "400 Bad Request", .body = "no Host\n"};
  PointNumbers& its = snapshot.points.front();
  const PageKind kind = its.hls ? PageKind::Playing : PageKind::Reading;
  if (!service_.shows_numbers_to(connection_.address()))
    return {.type = std::string(kHtmlText), .body = plain_point_page(its, address), .page = kind};
  add_history(its, service_.history(), service_.now());
  if (service_.users().somebody_may(Right::Administer, name))
    address.administration = admin_link_to(name);
  std::optional<PointClients> clients;
  if (service_.shows_clients_to(connection_.address())) clients = take_clients(service_, name);
  return {.type = std::string(kHtmlText),
          .body = point_page(snapshot, its, clients ? &*clients : nullptr, address),
          .page = kind};
}

bool WebHandler::may_listen(const RequestHead& head) {
  const Limits& limits = service_.settings().limits;
  const std::string owner = owner_of(connection_.address());
  const auto refuse = [&](Limit limit, const std::string& key, const std::string& why) {
    service_.count(limit);
    service_.log_seldom(std::string(name_of(limit)) + key,
                        "an event stream is refused: " + why + " (" + connection_.peer() + ")");
    send_response(connection_, head,
                  {.status = "503 Service Unavailable", .body = "too many pages are open\n"});
    return false;
  };
  EventStream& events = service_.events();
  if (events.size() >= limits.event_streams)
    return refuse(Limit::EventStreams, {}, "there are " + std::to_string(limits.event_streams));
  if (events.of(owner) >= limits.address_event_streams)
    return refuse(Limit::AddressEventStreams, owner,
                  "its address has " + std::to_string(limits.address_event_streams));
  return true;
}

Reading WebHandler::begin_events(const RequestHead& head) {
  const std::string_view query = query_of(head.target);
  EventStream::Subject subject{.points = {.only = decoded_value_of(query, "point")}};
  if (!subject.points.only.empty() && !service_.registry().has(subject.points.only)) {
    send_response(connection_, head, {.status = "404 Not Found", .body = "no such point\n"});
    return Reading::Request;
  }
  if (subject.points.only.empty()) subject.points.page = page_in(query);
  subject.with_clients =
      !subject.points.only.empty() && service_.shows_clients_to(connection_.address());
  if (!may_listen(head)) return Reading::Request;
  // What a proxy keeps back for later is not live.
  connection_.say(
      "HTTP/1.1 200 OK\r\nServer: wmpush\r\nContent-Type: text/event-stream\r\nCache-Control: "
      "no-store\r\nX-Accel-Buffering: no\r\nX-Content-Type-Options: nosniff\r\nConnection: "
      "close\r\n\r\n");
  if (head.method == "HEAD")
    connection_.close_politely();
  else
    service_.events().add(connection_, std::move(subject));
  return Reading::Nothing;
}

PageAddress WebHandler::address_of(const RequestHead& head) const {
  return {.secure = connection_.secure(), .host = host_for_url(head), .query = {}};
}

}  // namespace wmpush::pubpoint
