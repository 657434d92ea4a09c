#include "pubpoint/pull/watching.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "core/percent.hpp"
#include "pubpoint/client/client_thread.hpp"
#include "pubpoint/pull/pull_response.hpp"

namespace wmpush::pubpoint {
namespace {

/// From this version on a player goes on behind a $C (MS-WMSP 3.2.5.6).
constexpr unsigned kTakesChanges = 9;

/// One for each core, and where descriptors are few as many as take a quarter of them: each thread
/// needs three.
std::size_t usual_threads() {
  const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1u);
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return cores;
  return std::clamp<std::size_t>(descriptors.rlim_cur / 12, 1, cores);
}

using What = Watching::Reply::What;
using Kind = PullRequest::Kind;

}  // namespace

Watching::Watching(const Settings& settings, Registry& registry, const Hls& hls,
                   std::function<void(std::function<void()>)> post,
                   std::function<void(const ViewerRecord&)> over,
                   std::function<void(Limit, const std::string&)> limit_met,
                   std::function<void(const std::string&)> log)
    : settings_(settings),
      registry_(registry),
      hls_(hls),
      post_(std::move(post)),
      over_(std::move(over)),
      limit_met_(std::move(limit_met)) {
  for (const OriginSettings& origin : settings_.origins) add_origin(origin, log);
}

Watching::~Watching() { stop(); }

void Watching::add_origin(const OriginSettings& settings,
                          const std::function<void(const std::string&)>& log) {
  if (!origins_) origins_ = std::make_unique<ClientThread>();
  const std::string& name = settings.point;
  Origin::Surroundings around;
  around.post = post_;
  around.now = [this] { return settings_.now(); };
  around.feed = [this, name] {
    return std::make_unique<BroadcastFeed>(broadcast(name), settings_.now);
  };
  around.log = [log, name](const std::string& why) { log("the origin of " + name + ": " + why); };
  points_[name].origin = std::make_unique<Origin>(settings, *origins_, std::move(around));
}

const KeyFrame* Watching::key_frame(const std::string& point) const {
  const auto found = points_.find(point);
  return found != points_.end() ? found->second.key_frame.get() : nullptr;
}

bool Watching::has_origin(const std::string& point) const {
  const auto found = points_.find(point);
  return found != points_.end() && found->second.origin;
}

Audience& Watching::audience() {
  if (!audience_) {
    const std::size_t threads =
        settings_.viewer_threads > 0 ? settings_.viewer_threads : usual_threads();
    audience_ = std::make_unique<Audience>(
        Audience::Limits{threads, settings_.limits.viewer_queue},
        [this](std::shared_ptr<ViewerRecord> record) {
          post_([this, record = std::move(record)] {
            if (viewers_.erase(record->number) == 0) return;
            skips_ += record->skips;
            if (const auto point = points_.find(record->point); point != points_.end()) {
              ViewerCounts& viewers = point->second.viewers;
              --viewers.now;
              viewers.bytes_sent += record->bytes;
              viewers.skips += record->skips;
            }
            client_ids_.set_viewer(record->client_id, 0, settings_.now());
            over_(*record);
          });
        });
  }
  return *audience_;
}

void Watching::change_limits() { audience().change_queue(settings_.limits.viewer_queue); }

std::uint64_t Watching::skips() const {
  std::uint64_t skips = skips_;
  for (const auto& [number, viewer] : viewers_) skips += viewer->skips;
  return skips;
}

AirState Watching::state_of(const std::string& name, const Point& point) const {
  if (!point.broadcast) return AirState::Off;
  const bool is_live = point.broadcast->is_live();
  // What is not kept is no stream for viewers, but it comes.
  if ((is_live || settings_.discard) && point.broadcast->has_pusher() &&
      !registry_.waits_for_resume(name))
    return AirState::OnAir;
  return is_live || point.broadcast->is_awaited() ? AirState::Waiting : AirState::Off;
}

std::map<std::string, Watching::PointState> Watching::points(
    const std::vector<std::string>& names) const {
  std::map<std::string, PointState> chosen;
  for (const std::string& name : names)
    if (const auto found = points_.find(name); found != points_.end()) {
      const Point& point = found->second;
      chosen.emplace(
          name, PointState{point.broadcast, point.viewers,
                           point.origin ? std::optional(point.origin->numbers()) : std::nullopt,
                           state_of(name, point)});
    }
  for (const auto& [number, viewer] : viewers_)
    if (const auto its = chosen.find(viewer->point); its != chosen.end()) {
      its->second.viewers.bytes_sent += viewer->bytes;
      its->second.viewers.skips += viewer->skips;
    }
  return chosen;
}

Totals Watching::totals() const {
  Totals totals;
  totals.points = registry_.size();
  for (const auto& [name, point] : points_) {
    totals.on_air += state_of(name, point) == AirState::OnAir ? 1 : 0;
    totals.viewers += point.viewers.now;
    totals.bytes_sent += point.viewers.bytes_sent;
  }
  for (const auto& [number, viewer] : viewers_) totals.bytes_sent += viewer->bytes;
  return totals;
}

void Watching::measure(Rates& rates, History& history, Clock::time_point now) const {
  rates.begin(now);
  for (const auto& [name, point] : points_)
    if (point.broadcast)
      rates.take(name, {point.broadcast->intake().bytes, point.broadcast->intake().frames});
  rates.end();
  history.begin(now, std::chrono::system_clock::now());
  for (const std::string& name : registry_.points()) {
    const auto found = points_.find(name);
    const bool is_known = found != points_.end();
    history.take(name, is_known ? state_of(name, found->second) : AirState::Off,
                 rates.bitrate(name), is_known ? found->second.viewers.now : 0);
  }
  history.end();
}

std::shared_ptr<Broadcast> Watching::broadcast(const std::string& point) {
  Point& its = points_[point];
  if (its.broadcast) return its.broadcast;
  auto sinks = audience().sinks(point);
  if (!settings_.pictures.program.empty())
    sinks.push_back(its.key_frame = std::make_shared<KeyFrame>());
  if (auto hls = hls_.find(point)) sinks.push_back(std::move(hls));
  its.broadcast = std::make_shared<Broadcast>(std::move(sinks));
  if (settings_.fallback) {
    its.fallback = std::make_unique<Fallback>(settings_.fallback);
    its.broadcast->set_endless(true);
  }
  return its.broadcast;
}

std::optional<Watching::Place> Watching::find(const std::string& path) const {
  if (registry_.has(path)) return Place{path, {}};
  for (const char* alias : {".asf", ".asx", ".m3u"}) {
    if (!path.ends_with(alias)) continue;
    const std::string point = path.substr(0, path.size() - 4);
    if (registry_.has(point)) return Place{point, alias};
  }
  return std::nullopt;
}

std::string Watching::point_of(const std::string& path) const {
  const auto place = find(path);
  return place ? place->point : std::string();
}

bool Watching::is_announcement(const PullRequest& request, const Place& place) {
  if (request.agent_version > 0) return false;  // a player that speaks MS-WMSP wants the stream
  return place.alias == ".asx" || place.alias == ".m3u";
}

bool Watching::is_to_watch(const PullRequest& request) const {
  if (!request.is_for_stream() || request.kind == Kind::Describe || request.head_only) return false;
  const std::optional<Place> place = find(request.path);
  return place && !is_announcement(request, *place);
}

Watching::Reply Watching::say(const char* status, const char* type, const std::string& body,
                              bool head_only) const {
  Reply reply;
  reply.text = whole_response(status, player_server(settings_.server), type, body, head_only);
  return reply;
}

Watching::Reply Watching::answer(const PullRequest& request, const std::string& peer,
                                 const std::string& line, bool waited) {
  Reply reply;
  switch (request.kind) {
    case Kind::Log:
    case Kind::SendEvent:
    case Kind::Stop:
    case Kind::KeepAlive:
    case Kind::ContentInfo:
    case Kind::SelectStream: {
      const ClientIds::Session* session = client_ids_.find(request.client_id, settings_.now());
      const auto viewer = viewers_.find(session != nullptr ? session->viewer : 0);
      if (viewer != viewers_.end() && request.kind == Kind::SelectStream)
        audience().select(viewer->second->point, session->id, request);
      if (viewer != viewers_.end() && request.kind == Kind::Stop)
        audience().close_viewer(viewer->second->point, viewer->first, "stopped by the viewer");
      reply.text =
          "HTTP/1.1 200 OK\r\nServer: " +
          (request.agent_version > 0 ? player_server(settings_.server) : settings_.server) + "\r\n";
      if (session != nullptr)
        reply.text += "Pragma: client-id=" + std::to_string(session->id) + "\r\n";
      reply.text += "Content-Length: 0\r\nConnection: ";
      reply.text += request.keep_alive ? "Keep-Alive\r\n\r\n" : "close\r\n\r\n";
      reply.keep = request.keep_alive;
      return reply;
    }
    case Kind::Unknown:
      return say("400 Bad Request");
    default:
      break;
  }
  const std::optional<Place> place = find(request.path);
  if (!place) return say("404 Not Found");
  const std::string path = percent_encoded_path(place->point);
  if (is_announcement(request, *place)) {
    const auto announce = [&](const char* type, const std::string& body) {
      return request.host.empty() ? say("400 Bad Request")
                                  : say("200 OK", type, body, request.head_only);
    };
    if (place->alias == ".asx")
      return announce("video/x-ms-asf",
                      asx_body(request.secure, request.host, path, request.query));
    return announce("audio/x-mpegurl", m3u_body(request.secure, request.host, path, request.query));
  }
  return answer_stream(request, *place, peer, line, waited);
}

Watching::Reply Watching::answer_stream(const PullRequest& request, const Place& place,
                                        const std::string& peer, const std::string& line,
                                        bool waited) {
  Reply reply;
  const bool framed = request.agent_version > 0;
  if (request.head_only) {
    reply.text = framed ? play_head(request, settings_.server, 0, false)
                        : plain_head(player_server(settings_.server));
    return reply;
  }
  const auto broadcast = this->broadcast(place.point);
  if (!broadcast->is_live()) {
    if (waited) return say("503 Service Unavailable");
    if (const auto& origin = points_[place.point].origin) origin->want(true);
    reply.what = What::Wait;
    reply.awaited = broadcast;
    return reply;
  }
  const Clock::time_point now = settings_.now();
  const ClientIds::Session* known = framed ? client_ids_.find(request.client_id, now) : nullptr;
  const bool is_new = framed && known == nullptr && request.client_id != 0;
  if (known != nullptr && known->viewer != 0 && request.kind == Kind::Play)
    return say("400 Bad Request");
  if (request.kind == Kind::Describe) {
    const std::string frames = header_frames(broadcast->header()->bytes);
    const std::uint32_t id = known != nullptr ? known->id : client_ids_.make(now).id;
    reply.text = describe_head(request, settings_.server, id, is_new, frames.size()) + frames;
    reply.keep = request.keep_alive;
    return reply;
  }
  Point& point = points_[place.point];
  const Limits& limits = settings_.limits;
  const auto full = [&](Limit limit, const std::string& where, std::size_t most) {
    limit_met_(limit, "a viewer is refused: " + where + " has " + std::to_string(most) + " (" +
                          peer + ")");
    return say("503 Service Unavailable");
  };
  if (viewers_.size() >= limits.viewers) return full(Limit::Viewers, "the server", limits.viewers);
  if (point.viewers.now >= limits.point_viewers)
    return full(Limit::PointViewers, place.point, limits.point_viewers);
  point.viewers.most = std::max(point.viewers.most, ++point.viewers.now);
  ++point.viewers.all;
  ++joined_;
  std::uint32_t id = 0;
  if (framed) {
    id = known != nullptr ? known->id : client_ids_.make(now).id;
    client_ids_.set_viewer(id, joined_, now);
  }
  reply.what = What::Join;
  reply.wishes.head = framed ? play_head(request, settings_.server, id, is_new)
                             : plain_head(player_server(settings_.server));
  reply.wishes.takes_changes = request.agent_version >= kTakesChanges;
  reply.wishes.request = request;
  reply.record = std::make_shared<ViewerRecord>();
  reply.record->number = joined_;
  reply.record->point = place.point;
  reply.record->peer = peer;
  reply.record->user_agent = request.user_agent;
  reply.record->request = line;
  reply.record->client_id = id;
  reply.record->framed = framed;
  reply.record->since = now;
  viewers_.emplace(reply.record->number, reply.record);
  return reply;
}

void Watching::join(ClientSocket::Released socket, Reply reply) {
  audience().join(std::move(socket), std::move(reply.wishes), std::move(reply.record));
}

void Watching::check_timers(Clock::time_point now) {
  for (auto point = points_.begin(); point != points_.end();) {
    if (point->second.broadcast) point->second.broadcast->check_timer(now, settings_.idle_timeout);
    if (point->second.origin)
      point->second.origin->want(
          point->second.viewers.now > 0 || hls_.is_wanted(point->first) ||
          (point->second.broadcast && point->second.broadcast->is_awaited()));
    if (registry_.has(point->first)) {
      ++point;
      continue;
    }
    audience().forget(point->first);
    point = points_.erase(point);
  }
  client_ids_.check_timers(now);
}

void Watching::advance_fallbacks(Clock::time_point now) {
  for (auto& [name, point] : points_) {
    if (!point.fallback) continue;
    const bool is_wanted =
        point.viewers.now > 0 || point.broadcast->is_awaited() || hls_.is_wanted(name);
    if (point.broadcast->has_pusher() || !is_wanted)
      point.fallback->stop();
    else
      point.fallback->advance(*point.broadcast, now);
  }
}

bool Watching::end_stream(const std::string& point) {
  const auto found = points_.find(point);
  if (found == points_.end() || !found->second.broadcast || !found->second.broadcast->is_live() ||
      found->second.broadcast->has_pusher())
    return false;
  found->second.broadcast->end(0);
  return !found->second.broadcast->is_live();
}

void Watching::close_viewer(std::uint64_t number, const std::string& because) {
  const auto viewer = viewers_.find(number);
  if (viewer != viewers_.end()) audience().close_viewer(viewer->second->point, number, because);
}

void Watching::stop() {
  for (auto& [name, point] : points_) point.origin.reset();
  if (audience_) audience_->stop();
}

std::vector<std::shared_ptr<const ViewerRecord>> Watching::viewers() const {
  std::vector<std::shared_ptr<const ViewerRecord>> all;
  for (const auto& [number, viewer] : viewers_) all.push_back(viewer);
  return all;
}

}  // namespace wmpush::pubpoint
