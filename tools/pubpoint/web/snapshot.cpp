#include "pubpoint/web/snapshot.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "asf/guid.hpp"
#include "pubpoint/relay/relay.hpp"
#include "pubpoint/service.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::pubpoint {
namespace {

/// The names of what ASF files have in them; others are shown as numbers.
std::string audio_codec(std::uint16_t format_tag) {
  struct Name {
    std::uint16_t tag;
    const char* name;
  };
  constexpr std::array<Name, 9> kNames = {{{0x0001, "PCM"},
                                           {0x0055, "MP3"},
                                           {0x00FF, "AAC"},
                                           {0x0160, "WMA 1"},
                                           {0x0161, "WMA 2"},
                                           {0x0162, "WMA Pro"},
                                           {0x0163, "WMA Lossless"},
                                           {0x000A, "WMA Voice"},
                                           {0x1610, "AAC"}}};
  const auto* const found = std::ranges::find(kNames, format_tag, &Name::tag);
  if (found != kNames.end()) return found->name;
  char text[16];
  std::snprintf(text, sizeof text, "0x%04X", static_cast<unsigned>(format_tag));
  return text;
}

/// The FourCC of a video stream: biCompression of the BITMAPINFOHEADER behind the picture's size
/// (ASF 9.2).
std::string video_codec(Bytes header, const asf::Stream& stream) {
  constexpr std::size_t kCompression = 11 + 16;
  if (stream.type_data == 0 || stream.type_data + kCompression + 4 > header.size()) return "?";
  std::string text(as_text(header.subspan(stream.type_data + kCompression, 4)));
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

StreamNumbers numbers_of(Bytes header, const asf::Stream& stream) {
  StreamNumbers numbers;
  numbers.number = stream.number;
  numbers.bitrate = stream.bitrate;
  if (stream.type == asf::kVideoMedia) {
    numbers.kind = "video";
    numbers.codec = video_codec(header, stream);
    numbers.width = stream.width;
    numbers.height = stream.height;
  } else if (stream.type == asf::kAudioMedia) {
    numbers.kind = "audio";
    numbers.codec = audio_codec(stream.format_tag);
    numbers.channels = stream.channels;
    numbers.sample_rate = stream.sample_rate;
  } else {
    numbers.kind = "other";
  }
  return numbers;
}

std::chrono::milliseconds whole_milliseconds(Clock::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time);
}

/// The names that are chosen, and which page they are.
std::vector<std::string> chosen(const Service& service, const PointChoice& choice,
                                Snapshot& snapshot) {
  if (!choice.only.empty())
    return service.registry().has(choice.only) ? std::vector{choice.only}
                                               : std::vector<std::string>();
  std::vector<std::string> names = service.registry().points();
  if (choice.page == 0) return names;
  snapshot.pages = std::max<std::size_t>((names.size() + kPointsOnPage - 1) / kPointsOnPage, 1);
  snapshot.page = std::min(choice.page, snapshot.pages);
  const std::size_t begin = (snapshot.page - 1) * kPointsOnPage;
  const std::size_t end = std::min(begin + kPointsOnPage, names.size());
  names.erase(names.begin() + static_cast<std::ptrdiff_t>(end), names.end());
  names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(begin));
  return names;
}

void add_state(PointNumbers& point, const Watching::PointState& state, const Service& service) {
  const Clock::time_point now = service.now();
  point.viewers = state.viewers;
  point.origin = state.origin;
  point.state = state.state;
  point.bitrate = service.rates().bitrate(point.name);
  point.frame_rate = service.rates().frame_rate(point.name);
  if (!state.broadcast) return;
  const Broadcast& broadcast = *state.broadcast;
  if (const KeyFrame* key_frame = service.watching().key_frame(point.name))
    point.picture = key_frame->number();
  point.on_air = broadcast.is_live();
  point.has_pusher = broadcast.has_pusher();
  point.pushes = broadcast.intake().pushes;
  point.packets = broadcast.intake().packets;
  point.bytes_received = broadcast.intake().bytes;
  if (const auto key_frame = broadcast.last_key_frame())
    point.key_frame_age = whole_milliseconds(now - *key_frame);
  if (!point.on_air || !broadcast.header()) return;
  for (const asf::Stream& stream : broadcast.header()->parsed.streams)
    point.streams.push_back(numbers_of(broadcast.header()->bytes, stream));
}

}  // namespace

Snapshot take_snapshot(const Service& service, const PointChoice& choice) {
  const Clock::time_point now = service.now();
  Snapshot snapshot;
  snapshot.version = WMPUSH_VERSION;
  snapshot.taken_at = std::chrono::system_clock::now();
  snapshot.started = service.started_at();
  snapshot.running_for = whole_milliseconds(now - service.running_since());
  snapshot.connections = service.connections();
  snapshot.requests = service.requests();
  snapshot.limits_met = service.limits_met();
  snapshot.totals = service.watching().totals();
  snapshot.is_of_one = !choice.only.empty();
  const std::vector<std::string> names = chosen(service, choice, snapshot);
  const auto states = service.watching().points(names);
  std::multimap<std::string, const Relay*> relays;
  for (const auto& relay : service.relays()) relays.emplace(relay->settings().point, relay.get());
  for (const std::string& name : names) {
    PointNumbers& point = snapshot.points.emplace_back();
    point.name = name;
    const auto [first, last] = relays.equal_range(name);
    for (auto relay = first; relay != last; ++relay)
      point.relays.push_back(relay->second->numbers());
    if (const auto hls = service.hls().find(name)) point.hls = hls->numbers();
    point.begins_when_asked = service.watching().begins_when_asked(name);
    if (const auto push = service.registry().pusher(name))
      point.pushed_for = whole_milliseconds(now - push->started());
    if (const auto state = states.find(name); state != states.end())
      add_state(point, state->second, service);
    // What has changed since it was looked at last has changed now.
    point.since = snapshot.taken_at;
    const History::Point* its = service.history().find(name);
    if (its != nullptr && its->is_known() && its->state == point.state) point.since = its->since;
  }
  return snapshot;
}

void add_history(PointNumbers& point, const History& history, Clock::time_point now) {
  const History::Point* its = history.find(point.name);
  if (its == nullptr) return;
  for (const HistorySample& sample : its->samples)
    point.history.push_back({whole_milliseconds(now - sample.at), sample.bitrate, sample.viewers});
}

}  // namespace wmpush::pubpoint
