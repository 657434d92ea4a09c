#include "pubpoint/hls/hls_handler.hpp"

#include <algorithm>
#include <utility>

#include "core/percent.hpp"
#include "pubpoint/access/hash.hpp"
#include "pubpoint/access/ip_address.hpp"
#include "pubpoint/access/token.hpp"
#include "pubpoint/admission.hpp"
#include "pubpoint/http/request_target.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kPlaylistEnding = ".m3u8";
constexpr std::string_view kFolderEnding = ".hls";

/// What a playlist puts in front of a name: the point's own name, which is the last part of the
/// playlist's path.
std::string folder_of(const std::string& point) {
  std::string name = percent_encoded_path(point);
  name.erase(0, name.rfind('/') + 1);
  // "a:b" would be a scheme.
  return (name.find(':') == name.npos ? "" : "./") + name + std::string(kFolderEnding) + "/";
}

/// As it may stand in a quoted URI of a playlist.
std::string fit_query(std::string_view query) {
  return percent_encoded(query, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._~/?:@!$&'()*+,;=%").find(c) != std::string_view::npos;
  });
}

}  // namespace

std::optional<HlsHandler::Place> HlsHandler::find(const RequestHead& head) const {
  std::string path = percent_decoded_leniently(path_of(head.target));
  if (service_.registry().has(path)) return std::nullopt;
  Place place;
  if (path.ends_with(kPlaylistEnding)) {
    path.resize(path.size() - kPlaylistEnding.size());
  } else {
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos || slash + 1 == path.size()) return std::nullopt;
    place.segment = path.substr(slash + 1);
    path.resize(slash);
    if (!path.ends_with(kFolderEnding)) return std::nullopt;
    path.resize(path.size() - kFolderEnding.size());
  }
  place.point = service_.hls().find(path);
  if (!place.point || !service_.registry().has(path)) return std::nullopt;
  return place;
}

bool HlsHandler::takes(const RequestHead& head) const {
  return (head.method == "GET" || head.method == "HEAD") && find(head).has_value();
}

Reading HlsHandler::on_request(const RequestHead& head) {
  head_ = head;
  waits_ = false;
  auto place = find(head);
  place_ = place ? std::move(*place) : Place{};
  if (!place_.point) {
    refuse("404 Not Found", "there is no such point");
    return Reading::Request;
  }
  auto user = let_in({.right = Right::Watch,
                      .method = head.method,
                      .target = head.target,
                      .authorization = head.first("Authorization"),
                      .address = connection_.address(),
                      .point = place_.point->settings().point},
                     connection_, service_, AfterRefusal::Closes);
  if (!user) return Reading::Nothing;
  user_ = std::move(*user);
  if (!place_.segment.empty()) {
    send_segment();
  } else if (service_.has_hook(Hook::Watch) && !place_.point->knows(viewer())) {
    ask_hook();
  } else if (!answer_playlist(false)) {
    connection_.hold();
  }
  return Reading::Request;
}

std::string HlsHandler::viewer() const {
  std::string all = connection_.address() + "\n" + user_;
  for (const std::string_view part : {head_.first("User-Agent"), query_of(head_.target)})
    all.append("\n").append(part);
  return hex_hash(Hash::Sha256, all);
}

/// Each viewer is asked for once, as long as it goes on asking for the playlist. Segments need no
/// question: nobody knows their names but from there.
void HlsHandler::ask_hook() {
  HookFacts facts("watch");
  facts.add("point", place_.point->settings().point)
      .add("address", connection_.address())
      .add("user", user_)
      .add("user_agent", head_.first("User-Agent"))
      .add("kind", "hls")
      .add_secret("query", query_of(head_.target));
  const std::weak_ptr<void> alive = connection_.keep();
  const auto wanted = [this, alive] { return alive.lock() && connection_.is_open(); };
  connection_.hold();
  service_.ask(Hook::Watch, std::move(facts), connection_.peer(), wanted,
               [this, alive, wanted](int status) {
                 const auto connection = alive.lock();
                 if (!wanted()) return;
                 if (status != 0)
                   connection_.refuse(status, {});
                 else if (!answer_playlist(false))
                   return;
                 connection_.go_on();
               });
}

bool HlsHandler::answer_playlist(bool waited) {
  HlsPoint& point = *place_.point;
  const std::string& name = point.settings().point;
  HlsPoint::Answer answer = point.ask(waited);
  // Where another server or a file has something to show it begins because somebody asks.
  if (answer == HlsPoint::Answer::Off && !waited && service_.watching().begins_when_asked(name))
    answer = HlsPoint::Answer::Wait;
  const bool is_viewer = answer == HlsPoint::Answer::Playlist || answer == HlsPoint::Answer::Wait;
  const std::size_t most = service_.settings().limits.point_viewers;
  if (is_viewer && !point.count(viewer(), owner_of(connection_.address()), most)) {
    service_.count(Limit::PointViewers);
    service_.log_seldom(std::string(name_of(Limit::PointViewers)),
                        "a viewer is refused: " + name + " has " + std::to_string(most) +
                            " by HLS (" + connection_.peer() + ")");
    return refuse("503 Service Unavailable", "there are too many viewers");
  }
  switch (answer) {
    case HlsPoint::Answer::Playlist:
      return send("200 OK",
                  "Content-Type: application/vnd.apple.mpegurl\r\n" + caching("max-age=1"),
                  std::make_shared<const std::string>(
                      point.playlist().text(folder_of(name), fit_query(query_of(head_.target)))));
    case HlsPoint::Answer::Wait:
      break;
    case HlsPoint::Answer::Off:
      return refuse("404 Not Found", "nobody pushes to this point");
    case HlsPoint::Answer::Full:
      service_.count(Limit::HlsPrograms);
      service_.log_seldom(std::string(name_of(Limit::HlsPrograms)),
                          "browsers cannot watch " + name + ": there are " +
                              std::to_string(service_.settings().hls.programs) +
                              " programs for HLS, which is what programs under [hls] allows");
      return refuse("503 Service Unavailable", "too many points are watched by browsers");
    case HlsPoint::Answer::Failed:
      return refuse("503 Service Unavailable",
                    "the stream cannot be converted: the server's log says why");
  }
  if (waited) return refuse("503 Service Unavailable", "there is no segment yet");
  if (!std::exchange(waits_, true))
    wait_until_ = service_.now() + service_.settings().hls.first_wait;
  const std::weak_ptr<void> alive = connection_.keep();
  point.when_changed(alive, [this, alive] {
    const auto connection = alive.lock();
    // Not now: it is another connection's turn.
    if (connection) connection_.post([this] { go_on(false); });
  });
  return false;
}

void HlsHandler::go_on(bool waited) {
  if (!waits_) return;
  if (!answer_playlist(waited)) return;
  waits_ = false;
  connection_.go_on();
}

void HlsHandler::on_timer(Clock::time_point now) {
  if (waits_ && now >= wait_until_) go_on(true);
}

bool HlsHandler::refuse(const char* status, const std::string& why) {
  std::string fields = "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n";
  if (std::string_view(status).starts_with("503")) fields += "Retry-After: 2\r\n";
  return send(status, fields, std::make_shared<const std::string>(why + "\n"));
}

/// What everybody may watch a cache may keep for all.
std::string HlsHandler::caching(const std::string& what) const {
  const bool is_public = service_.is_open_to_all(place_.point->settings().point);
  return std::string("Cache-Control: ") + (is_public ? "public, " : "private, ") + what + "\r\n";
}

bool HlsHandler::send_segment() {
  const SharedText segment = place_.point->playlist().find(place_.segment);
  if (!segment) return refuse("404 Not Found", "this segment is over");
  const std::string etag = "\"" + place_.segment + "\"";
  // No name stands for two things, ever.
  std::string fields = "ETag: " + etag + "\r\n" + caching("max-age=31536000, immutable");
  if (is_known(head_, etag)) return send("304 Not Modified", fields, nullptr);
  fields += "Accept-Ranges: bytes\r\nContent-Type: video/mp4\r\n";
  const auto range = range_of(head_, segment->size());
  if (!range) return send("200 OK", fields, segment);
  const std::string size = std::to_string(segment->size());
  if (range->count == 0)
    return send("416 Range Not Satisfiable", fields + "Content-Range: bytes */" + size + "\r\n",
                std::make_shared<const std::string>());
  fields += "Content-Range: bytes " + std::to_string(range->first) + "-" +
            std::to_string(range->first + range->count - 1) + "/" + size + "\r\n";
  return send("206 Partial Content", fields, segment, *range);
}

bool HlsHandler::send(const std::string& status, const std::string& fields, const SharedText& body,
                      std::optional<ByteRange> range) {
  const bool closes = closes_after(head_);
  std::string head = "HTTP/1.1 " + status + "\r\nServer: wmpush\r\n" + fields +
                     "X-Content-Type-Options: nosniff\r\n";
  // Players on pages of others read what everybody may watch, or who has a token: where the address
  // of a browser is all that lets it in, any page that it shows could.
  if (service_.is_open_to_all(place_.point ? place_.point->settings().point : std::string()) ||
      !token_in(head_.target).empty())
    head += "Access-Control-Allow-Origin: *\r\n";
  const ByteRange part = range.value_or(ByteRange{0, body ? body->size() : 0});
  if (body) head += "Content-Length: " + std::to_string(part.count) + "\r\n";
  head += closes ? "Connection: close\r\n\r\n" : "\r\n";
  if (part.count > 0 && head_.method != "HEAD")
    connection_.say_shared(std::move(head), body, part.first, part.count);
  else
    connection_.say(std::move(head));
  if (closes) connection_.close_politely();
  return true;
}

}  // namespace wmpush::pubpoint
