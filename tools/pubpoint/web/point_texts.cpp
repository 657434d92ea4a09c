#include "pubpoint/web/point_texts.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "pubpoint/web/chart.hpp"

namespace wmpush::pubpoint {
namespace {

/// What is not known, or does not apply.
constexpr std::string_view kNone = "–";

/// Three digits, with the largest unit that leaves something before the point.
std::string scaled(std::uint64_t number, const std::array<const char*, 5>& units) {
  auto value = static_cast<double>(number);
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  char text[40];
  const char* const format = unit == 0 || value >= 99.95 ? "%.0f %s"
                             : value >= 9.995            ? "%.1f %s"
                                                         : "%.2f %s";
  std::snprintf(text, sizeof text, format, value, units[unit]);
  return text;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view more) {
  return std::to_string(count) + " " + std::string(count == 1 ? one : more);
}

std::string channels_text(std::uint32_t channels) {
  if (channels == 1) return "mono";
  if (channels == 2) return "stereo";
  return counted(channels, "channel", "channels");
}

/// "WMV2 640×360, 500 kbit/s"
std::string stream_text(const StreamNumbers& stream) {
  std::string text = stream.kind == "other" ? "other" : stream.codec;
  if (stream.kind == "video")
    text += " " + std::to_string(stream.width) + "×" + std::to_string(stream.height);
  if (stream.kind == "audio") {
    char rate[32];
    std::snprintf(rate, sizeof rate, "%.4g kHz", stream.sample_rate / 1000.0);
    text += " " + channels_text(stream.channels) + " " + rate;
  }
  if (stream.bitrate > 0) text += ", " + rate_text(stream.bitrate);
  return text;
}

/// One in a line.
std::string streams_text(const PointNumbers& point) {
  std::string text;
  for (const StreamNumbers& stream : point.streams)
    text += (text.empty() ? "" : "\n") + stream_text(stream);
  return text.empty() ? std::string(kNone) : text;
}

/// "25 frames/s", "7.5 frames/s": what is measured goes up and down a little.
std::string frames_text(double frames_per_second) {
  char text[40];
  std::snprintf(text, sizeof text, frames_per_second < 9.95 ? "%.1f frames/s" : "%.0f frames/s",
                frames_per_second);
  return text;
}

std::string state_text(AirState state) {
  switch (state) {
    case AirState::OnAir:
      return "on air";
    case AirState::Waiting:
      return "waiting";
    case AirState::Off:
      break;
  }
  return "off";
}

}  // namespace

std::string_view token_of(AirState state) {
  switch (state) {
    case AirState::OnAir:
      return "on-air";
    case AirState::Waiting:
      return "waiting";
    case AirState::Off:
      break;
  }
  return "off";
}

std::vector<PointText> state_texts(const PointNumbers& point) {
  return {{"state", {}, state_text(point.state)}, {"since", {}, "since " + time_text(point.since)}};
}

std::vector<PointText> chart_texts(const PointNumbers& point) {
  const std::string most_bits =
      rate_text(std::max(most_of(point, Measure::Bitrate), point.bitrate));
  const std::string most_viewers =
      std::to_string(std::max(most_of(point, Measure::Viewers), std::uint64_t{point.viewers.now}));
  return {
      {"bitrate_line_most", {}, most_bits},
      {"viewers_line_most", {}, most_viewers},
      {"bitrate_description",
       {},
       "The last ten minutes: now " + rate_text(point.bitrate) + ", at most " + most_bits + "."},
      {"viewers_description",
       {},
       "The last ten minutes: now " + std::to_string(point.viewers.now) + ", at most " +
           most_viewers + "."},
  };
}

std::vector<PointText> main_texts(const PointNumbers& point) {
  const ViewerCounts& viewers = point.viewers;
  return {
      {"streams", "Streams", streams_text(point)},
      {"bitrate", "Bit rate in",
       point.state == AirState::OnAir ? rate_text(point.bitrate) : std::string(kNone)},
      {"frame_rate", "Frame rate",
       point.frame_rate ? frames_text(*point.frame_rate) : std::string(kNone)},
      {"key_frame", "Last key frame",
       point.key_frame_age ? duration_text(*point.key_frame_age) + " ago" : std::string(kNone)},
      {"bytes_sent", "Sent", bytes_text(viewers.bytes_sent)},
      {"viewers", "Viewers now",
       std::to_string(viewers.now) +
           (point.hls ? " and " + std::to_string(point.hls->viewers) + " by HLS" : "")},
      {"viewers_most", "At peak", std::to_string(viewers.most)},
      {"viewers_all", "In total", std::to_string(viewers.all)},
  };
}

std::vector<PointText> more_texts(const PointNumbers& point) {
  return {
      {"bytes_received", "Received", bytes_text(point.bytes_received)},
      {"packets", "Packets", std::to_string(point.packets)},
      {"pushes", "Pushes", std::to_string(point.pushes)},
      {"skips", "Skips", std::to_string(point.viewers.skips)},
  };
}

std::vector<PointText> server_texts(const Snapshot& snapshot) {
  const Totals& totals = snapshot.totals;
  return {
      {"on_air",
       {},
       std::to_string(totals.on_air) + " of " + counted(totals.points, "point", "points") +
           " on air"},
      {"all_viewers", {}, counted(totals.viewers, "viewer", "viewers")},
      {"all_bytes_sent", {}, bytes_text(totals.bytes_sent) + " sent"},
      {"running", {}, "running for " + duration_text(snapshot.running_for)},
  };
}

std::string rate_text(std::uint64_t bits_per_second) {
  return scaled(bits_per_second, {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"});
}

std::string bytes_text(std::uint64_t bytes) {
  return scaled(bytes, {bytes == 1 ? "byte" : "bytes", "kB", "MB", "GB", "TB"});
}

std::string duration_text(std::chrono::milliseconds time) {
  using std::chrono::duration_cast;
  if (time < std::chrono::seconds(10)) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s", std::chrono::duration<double>(time).count());
    return text;
  }
  const auto seconds = duration_cast<std::chrono::seconds>(time).count();
  const auto two = [](auto more, const std::string& unit, auto less, const char* smaller) {
    return std::to_string(more) + unit +
           (less == 0 ? std::string() : " " + std::to_string(less) + smaller);
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return two(seconds / 60, " min", seconds % 60, " s");
  if (seconds < 86400) return two(seconds / 3600, " h", seconds / 60 % 60, " min");
  const auto days = seconds / 86400;
  return two(days, days == 1 ? " day" : " days", seconds / 3600 % 24, " h");
}

std::string time_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

}  // namespace wmpush::pubpoint
