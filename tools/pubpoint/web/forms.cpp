#include "pubpoint/web/forms.hpp"

#include <cstdio>
#include <ctime>
#include <functional>

#include "core/percent.hpp"

namespace wmpush::pubpoint {
namespace {

std::string utc(std::chrono::system_clock::time_point time, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, format, &parts);
  return text;
}

void add_seconds(JsonObject& object, std::string_view name,
                 const std::optional<std::chrono::milliseconds>& time) {
  if (time)
    object.add(name, std::chrono::microseconds(*time));
  else
    object.add_null(name);
}

JsonObject stream_json(const StreamNumbers& stream) {
  JsonObject object;
  object.add("number", std::uint64_t{stream.number})
      .add("kind", stream.kind)
      .add("codec", stream.codec)
      .add("bitrate", std::uint64_t{stream.bitrate});
  if (stream.kind == "video")
    object.add("width", std::uint64_t{stream.width}).add("height", std::uint64_t{stream.height});
  if (stream.kind == "audio")
    object.add("channels", std::uint64_t{stream.channels})
        .add("sample_rate", std::uint64_t{stream.sample_rate});
  return object;
}

JsonObject relay_json(const RelayNumbers& relay) {
  return JsonObject()
      .add("url", relay.url)
      .add("streaming", relay.streaming)
      .add("pushes", relay.pushes)
      .add("packets_sent", relay.packets_sent)
      .add("packets_dropped", relay.packets_dropped)
      .add("reconnects", relay.reconnects);
}

/// The value of a label: a backslash, a quote and a line break are escaped.
std::string label(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n')
      escaped += "\\n";
    else
      escaped += c;
  }
  return escaped;
}

/// Puts families together: each with its help and its type in front.
class MetricsText {
 public:
  MetricsText& family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
    return *this;
  }
  MetricsText& value(double number, const std::string& labels = {}) {
    char text[32];
    // All digits of what is counted, and milliseconds of what is measured.
    std::snprintf(
        text, sizeof text,
        number == static_cast<double>(static_cast<std::uint64_t>(number)) ? "%.0f" : "%.3f",
        number);
    text_ += name_;
    if (!labels.empty()) text_ += "{" + labels + "}";
    text_.append(" ").append(text).append("\n");
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace

JsonObject point_json(const PointNumbers& point) {
  JsonObject object;
  object.add("name", point.name).add("on_air", point.on_air).add("pushed", point.has_pusher);
  add_seconds(object, "pushed_seconds", point.pushed_for);
  object.add("pushes", point.pushes)
      .add("packets_received", point.packets)
      .add("bytes_received", point.bytes_received)
      .add("bitrate", point.bitrate);
  if (point.frame_rate)
    object.add("frame_rate", *point.frame_rate);
  else
    object.add_null("frame_rate");
  add_seconds(object, "key_frame_age_seconds", point.key_frame_age);
  std::vector<JsonObject> streams;
  for (const StreamNumbers& stream : point.streams) streams.push_back(stream_json(stream));
  std::vector<JsonObject> relays;
  for (const RelayNumbers& relay : point.relays) relays.push_back(relay_json(relay));
  object.add("streams", streams)
      .add("viewers", std::uint64_t{point.viewers.now})
      .add("viewers_most", std::uint64_t{point.viewers.most})
      .add("viewers_all", point.viewers.all)
      .add("viewer_skips", point.viewers.skips)
      .add("bytes_sent", point.viewers.bytes_sent)
      .add("relays", relays);
  if (point.origin)
    object.add("origin", JsonObject()
                             .add("url", point.origin->url)
                             .add("streaming", point.origin->streaming)
                             .add("pulls", point.origin->pulls));
  else
    object.add_null("origin");
  if (point.hls)
    object.add("hls", JsonObject()
                          .add("running", point.hls->running)
                          .add("viewers", std::uint64_t{point.hls->viewers})
                          .add("segments", point.hls->segments)
                          .add("failures", point.hls->failures)
                          .add("packets_dropped", point.hls->packets_dropped));
  else
    object.add_null("hls");
  return object;
}

std::string status_json(const Snapshot& snapshot) {
  JsonObject limits;
  for (std::size_t i = 0; i < kLimits; ++i) {
    const auto limit = static_cast<Limit>(i);
    limits.add(name_of(limit), snapshot.limits_met[limit]);
  }
  JsonObject server;
  server.add("program", "wmpush")
      .add("version", snapshot.version)
      .add("started", utc(snapshot.started, "%Y-%m-%dT%H:%M:%SZ"))
      .add("running_seconds", std::chrono::microseconds(snapshot.running_for))
      .add("connections", snapshot.connections)
      .add("requests", snapshot.requests)
      .add("viewers", std::uint64_t{snapshot.totals.viewers})
      .add("limits_met", limits);
  std::vector<JsonObject> points;
  for (const PointNumbers& point : snapshot.points) points.push_back(point_json(point));
  JsonObject status;
  status.add("version", std::uint64_t{kStatusVersion}).add("server", server).add("points", points);
  return status.text() + "\n";
}

std::string icecast_json(const Snapshot& snapshot, std::string_view base) {
  std::vector<JsonObject> sources;
  for (const PointNumbers& point : snapshot.points) {
    if (!point.on_air) continue;
    const auto since =
        std::chrono::system_clock::now() - point.pushed_for.value_or(std::chrono::milliseconds(0));
    JsonObject source;
    for (const StreamNumbers& stream : point.streams) {
      if (stream.kind != "audio") continue;
      source.add("audio_info", "channels=" + std::to_string(stream.channels) +
                                   ";samplerate=" + std::to_string(stream.sample_rate) +
                                   ";bitrate=" + std::to_string(stream.bitrate / 1000));
      break;
    }
    source.add("bitrate", point.bitrate / 1000)
        .add("listener_peak", std::uint64_t{point.viewers.most})
        .add("listeners", std::uint64_t{point.viewers.now})
        .add("listenurl", std::string(base) + percent_encoded_path(point.name))
        .add("server_name", point.name)
        .add("server_type", "video/x-ms-asf")
        .add("stream_start", utc(since, "%a, %d %b %Y %H:%M:%S +0000"))
        .add("stream_start_iso8601", utc(since, "%Y-%m-%dT%H:%M:%S+0000"))
        .add("total_bytes_read", point.bytes_received)
        .add("total_bytes_sent", point.viewers.bytes_sent)
        .add_null("dummy");
    sources.push_back(std::move(source));
  }
  const std::size_t scheme = base.find("://");
  JsonObject stats;
  stats.add("host", scheme == base.npos ? base : base.substr(scheme + 3))
      .add("server_id", "wmpush " + snapshot.version)
      .add("server_start", utc(snapshot.started, "%a, %d %b %Y %H:%M:%S +0000"))
      .add("server_start_iso8601", utc(snapshot.started, "%Y-%m-%dT%H:%M:%S+0000"));
  // Icecast has an object for one, and a list for more; without one there is no member.
  if (sources.size() == 1) stats.add("source", sources.front());
  if (sources.size() > 1) stats.add("source", sources);
  stats.add_null("dummy");
  return JsonObject().add("icestats", stats).text() + "\n";
}

std::string metrics(const Snapshot& snapshot) {
  MetricsText text;
  const auto number = [](auto count) { return static_cast<double>(count); };
  text.family("wmpush_build_info", "gauge", "Always 1; the label has the version.")
      .value(1, "version=\"" + label(snapshot.version) + "\"");
  text.family("wmpush_start_time_seconds", "gauge", "When the server was started, since 1970.")
      .value(number(
          std::chrono::duration_cast<std::chrono::seconds>(snapshot.started.time_since_epoch())
              .count()));
  text.family("wmpush_connections_total", "counter", "TCP connections that were accepted.")
      .value(number(snapshot.connections));
  text.family("wmpush_requests_total", "counter", "HTTP requests that were read.")
      .value(number(snapshot.requests));
  text.family("wmpush_limit_hits_total", "counter", "How often each limit was met.");
  for (std::size_t i = 0; i < kLimits; ++i) {
    const auto limit = static_cast<Limit>(i);
    text.value(number(snapshot.limits_met[limit]), "limit=\"" + std::string(name_of(limit)) + "\"");
  }
  const auto of_points = [&](const char* name, const char* type, const char* help,
                             const std::function<std::optional<double>(const PointNumbers&)>& get) {
    text.family(name, type, help);
    for (const PointNumbers& point : snapshot.points)
      if (const auto value = get(point)) text.value(*value, "point=\"" + label(point.name) + "\"");
  };
  using Value = std::optional<double>;
  of_points("wmpush_point_on_air", "gauge", "1 when there is something for viewers to see.",
            [](const auto& point) -> Value { return point.on_air ? 1 : 0; });
  of_points("wmpush_point_pushed", "gauge", "1 while a push comes in.",
            [](const auto& point) -> Value { return point.has_pusher ? 1 : 0; });
  of_points("wmpush_point_pushes_total", "counter", "Pushes that have begun.",
            [&](const auto& point) -> Value { return number(point.pushes); });
  of_points("wmpush_point_received_packets_total", "counter", "ASF data packets of all pushes.",
            [&](const auto& point) -> Value { return number(point.packets); });
  of_points("wmpush_point_received_bytes_total", "counter",
            "Bytes of ASF headers and packets of all pushes.",
            [&](const auto& point) -> Value { return number(point.bytes_received); });
  of_points("wmpush_point_frames_per_second", "gauge",
            "Frames of the video that came in the last seconds, for each of them.",
            [](const auto& point) -> Value { return point.frame_rate; });
  of_points("wmpush_point_key_frame_age_seconds", "gauge",
            "Seconds since the last key frame of what is on air.", [](const auto& point) -> Value {
              if (!point.key_frame_age) return std::nullopt;
              return std::chrono::duration<double>(*point.key_frame_age).count();
            });
  of_points("wmpush_point_viewers", "gauge", "Viewers now.",
            [&](const auto& point) -> Value { return number(point.viewers.now); });
  of_points("wmpush_point_views_total", "counter", "Viewers that ever came.",
            [&](const auto& point) -> Value { return number(point.viewers.all); });
  of_points("wmpush_point_viewer_skips_total", "counter",
            "Times that a viewer was too slow and went on at a later key frame.",
            [&](const auto& point) -> Value { return number(point.viewers.skips); });
  of_points("wmpush_point_sent_bytes_total", "counter", "Bytes that were sent to viewers.",
            [&](const auto& point) -> Value { return number(point.viewers.bytes_sent); });
  of_points("wmpush_point_origin_streaming", "gauge", "1 while the stream of the origin comes.",
            [](const auto& point) -> Value {
              if (!point.origin) return std::nullopt;
              return point.origin->streaming ? 1 : 0;
            });
  of_points("wmpush_point_pulls_total", "counter", "How often the origin was asked.",
            [&](const auto& point) -> Value {
              if (!point.origin) return std::nullopt;
              return number(point.origin->pulls);
            });
  const auto of_hls = [&](const char* name, const char* type, const char* help, auto member) {
    of_points(name, type, help, [&](const auto& point) -> Value {
      if (!point.hls) return std::nullopt;
      return number((*point.hls).*member);
    });
  };
  of_hls("wmpush_hls_running", "gauge", "1 while a program makes segments.", &HlsNumbers::running);
  of_hls("wmpush_hls_viewers", "gauge", "Viewers that have asked for the playlist lately.",
         &HlsNumbers::viewers);
  of_hls("wmpush_hls_segments_total", "counter", "Segments that were made.", &HlsNumbers::segments);
  of_hls("wmpush_hls_failures_total", "counter", "Times that the program has failed.",
         &HlsNumbers::failures);
  of_hls("wmpush_hls_dropped_packets_total", "counter",
         "Data packets that the program did not take in time.", &HlsNumbers::packets_dropped);
  const auto of_relays = [&](const char* name, const char* type, const char* help,
                             const std::function<double(const RelayNumbers&)>& get) {
    text.family(name, type, help);
    for (const PointNumbers& point : snapshot.points)
      for (const RelayNumbers& relay : point.relays)
        text.value(get(relay),
                   "point=\"" + label(point.name) + "\",relay=\"" + label(relay.url) + "\"");
  };
  of_relays("wmpush_relay_streaming", "gauge", "1 while the next server takes the stream.",
            [](const auto& relay) { return relay.streaming ? 1.0 : 0.0; });
  of_relays("wmpush_relay_sent_packets_total", "counter", "Data packets that were pushed on.",
            [&](const auto& relay) { return number(relay.packets_sent); });
  of_relays("wmpush_relay_dropped_packets_total", "counter",
            "Data packets that the next server could not take, or not fast enough.",
            [&](const auto& relay) { return number(relay.packets_dropped); });
  of_relays("wmpush_relay_reconnects_total", "counter",
            "How often a connection was lost and the stream went on.",
            [&](const auto& relay) { return number(relay.reconnects); });
  return text.text();
}

}  // namespace wmpush::pubpoint
