#include "pubpoint/web/event_stream.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "core/percent.hpp"
#include "pubpoint/access/ip_address.hpp"
#include "pubpoint/web/chart.hpp"
#include "pubpoint/web/forms.hpp"
#include "pubpoint/web/json.hpp"
#include "pubpoint/web/point_texts.hpp"
#include "pubpoint/web/table.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::chrono::milliseconds kPeriod{1000};
/// All listeners together get no more bytes: with very many points events come less often.
constexpr std::size_t kMostPerMillisecond = 4096;

void add_texts(JsonObject& object, const std::vector<PointText>& texts) {
  for (const PointText& text : texts) object.add(text.name, text.text);
}

/// The numbers of /status.json, and what the page shows of them.
JsonObject event_of(const PointNumbers& point, bool with_history, const PointClients* clients,
                    bool with_tables) {
  JsonObject shown;
  add_texts(shown, state_texts(point));
  add_texts(shown, main_texts(point));
  add_texts(shown, more_texts(point));
  if (with_history) add_texts(shown, chart_texts(point));
  JsonObject object = point_json(point);
  // By its path the page knows the point: no mask changes that.
  object.add_unmasked("path", percent_encoded_path(point.name))
      .add("state", token_of(point.state))
      .add("shown", shown);
  if (point.picture) object.add("picture", *point.picture);
  if (with_tables) {
    JsonObject tables;
    for (const Table& table : tables_of(point, clients)) tables.add(table.name, table_json(table));
    object.add("tables", tables);
  }
  if (!with_history) return object;
  JsonObject lines;
  for (const Measure measure : {Measure::Bitrate, Measure::Viewers})
    lines.add(name_of(measure), chart_line(point, measure));
  return object.add("lines", lines);
}

}  // namespace

std::string event_json(const Snapshot& snapshot, bool with_history, const PointClients* clients) {
  JsonObject server;
  add_texts(server, server_texts(snapshot));
  const bool with_tables = snapshot.is_of_one;
  std::vector<JsonObject> points;
  for (const PointNumbers& point : snapshot.points)
    points.push_back(event_of(point, with_history, clients, with_tables));
  return JsonObject().add("server", JsonObject().add("shown", server)).add("points", points).text();
}

void EventStream::add(ClientConnection& connection, Subject subject) {
  listeners_.push_back(
      {connection.keep(), &connection, std::move(subject), owner_of(connection.address())});
}

std::size_t EventStream::of(const std::string& owner) {
  forget_gone();
  return static_cast<std::size_t>(std::ranges::count(listeners_, owner, &Listener::owner));
}

void EventStream::remove(const ClientConnection& connection) {
  std::erase_if(listeners_,
                [&](const Listener& listener) { return listener.connection == &connection; });
}

void EventStream::forget_gone() {
  std::erase_if(listeners_, [](const Listener& listener) {
    return listener.alive.expired() || !listener.connection->is_open();
  });
}

std::size_t EventStream::size() {
  forget_gone();
  return listeners_.size();
}

bool EventStream::is_due(Clock::time_point now) { return size() > 0 && now >= next_; }

void EventStream::send(const std::function<std::string(const Subject&)>& make,
                       Clock::time_point now) {
  forget_gone();
  std::size_t sent = 0;
  std::map<Subject, std::string> events;
  for (Listener& listener : listeners_) {
    // What the kernel keeps for one who does not read is much more than it seems.
    if (listener.connection->is_sending() || listener.connection->unconfirmed() > 0) {
      if (++listener.missed >= kMostMissed) listener.connection->close();
      continue;
    }
    listener.missed = 0;
    std::string& event = events[listener.subject];
    if (event.empty()) event = "data: " + make(listener.subject) + "\n\n";
    sent += event.size();
    listener.connection->say(event);
  }
  next_ = now + std::max(kPeriod, std::chrono::milliseconds(sent / kMostPerMillisecond));
  forget_gone();
}

}  // namespace wmpush::pubpoint
