#include "pubpoint/web/table.hpp"

#include "pubpoint/web/point_texts.hpp"

namespace wmpush::pubpoint {

Table encoder_table(const PointClients& clients) {
  Table table{.name = "encoder",
              .heading = "Encoder",
              .columns = {{"Address"}, {"Program", true}, {"Since"}},
              .rows = {},
              .empty = "Nobody pushes."};
  if (const auto& encoder = clients.encoder)
    table.rows.push_back({encoder->peer, encoder->user_agent, time_text(encoder->since)});
  return table;
}

Table viewers_table(const PointClients& clients) {
  Table table{
      .name = "viewers",
      .heading = "Viewers",
      .columns =
          {{"Address"}, {"Program", true}, {"Kind"}, {"Time"}, {"Sent"}, {"Behind"}, {"Skips"}},
      .rows = {},
      .empty = "Nobody watches."};
  for (const ViewerDetails& viewer : clients.viewers)
    table.rows.push_back({viewer.peer, viewer.user_agent, viewer.framed ? "mmsh" : "http",
                          duration_text(viewer.time), bytes_text(viewer.bytes),
                          bytes_text(viewer.behind), std::to_string(viewer.skips)});
  if (clients.more_viewers > 0)
    table.more = "And " + std::to_string(clients.more_viewers) + " more.";
  return table;
}

Table pushes_table(const PointClients& clients) {
  Table table{.name = "pushes",
              .heading = "Last pushes",
              .columns = {{"When"}, {"What"}, {"Address"}, {"Program", true}, {"Why", true}},
              .rows = {}};
  for (const PushEvent& event : clients.events)
    table.rows.push_back({time_text(event.at), event.begun ? "began" : "ended", event.peer,
                          event.user_agent, event.because});
  return table;
}

Table recordings_table(const PointClients& clients) {
  Table table{.name = "recordings",
              .heading = "Last recordings",
              .columns = {{"File", true}, {"Size"}, {"Length"}, {"Finished"}},
              .rows = {}};
  for (const RecordingEvent& file : clients.recordings)
    table.rows.push_back(
        {file.name, bytes_text(file.bytes), duration_text(file.duration), time_text(file.at)});
  return table;
}

Table relays_table(const PointNumbers& point) {
  Table table{
      .name = "relays",
      .heading = "Relays",
      .columns = {{"To", true}, {"State"}, {"Pushes"}, {"Sent"}, {"Dropped"}, {"Reconnects"}},
      .rows = {}};
  for (const RelayNumbers& relay : point.relays)
    table.rows.push_back(
        {relay.url, relay.streaming ? "streaming" : "not streaming", std::to_string(relay.pushes),
         std::to_string(relay.packets_sent) + " packets",
         std::to_string(relay.packets_dropped) + " packets", std::to_string(relay.reconnects)});
  return table;
}

Table origin_table(const PointNumbers& point) {
  Table table{.name = "origin",
              .heading = "Origin",
              .columns = {{"From", true}, {"State"}, {"Pulls"}},
              .rows = {}};
  if (point.origin)
    table.rows.push_back({point.origin->url,
                          point.origin->streaming ? "streaming" : "not streaming",
                          std::to_string(point.origin->pulls)});
  return table;
}

std::vector<Table> tables_of(const PointNumbers& point, const PointClients* clients) {
  std::vector<Table> tables;
  // What a point has of these stays as it is for as long as the server runs.
  if (point.origin) tables.push_back(origin_table(point));
  if (!point.relays.empty()) tables.push_back(relays_table(point));
  if (clients == nullptr) return tables;
  tables.push_back(encoder_table(*clients));
  tables.push_back(viewers_table(*clients));
  tables.push_back(recordings_table(*clients));
  tables.push_back(pushes_table(*clients));
  return tables;
}

void add_table(Html& html, const Table& table,
               const std::function<void(Html&, std::size_t)>& add_more) {
  const auto hidden = [&](bool is) { html.markup(is ? " hidden>" : ">"); };
  const bool has_rows = !table.rows.empty();
  const std::string id = "table-" + std::string(table.name);
  html.markup("<section class=\"card\"").attribute("data-table", table.name);
  hidden(!has_rows && table.empty.empty());
  html.markup("\n<h2").attribute("id", id).markup(">").text(table.heading).markup("</h2>\n");
  html.markup("<p class=\"none\"");
  hidden(has_rows);
  // A table that may be wider than the page scrolls, with the keyboard as well.
  html.text(table.empty)
      .markup("</p>\n<div class=\"table\" role=\"region\" tabindex=\"0\"")
      .attribute("aria-labelledby", id);
  hidden(!has_rows);
  html.markup("\n<table>\n<thead><tr>");
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    html.markup(table.columns[i].words ? "<th scope=\"col\" class=\"words\">"
                                       : "<th scope=\"col\">")
        .text(table.columns[i].label)
        .markup("</th>");
    if (i == 0 && add_more) html.markup("<td></td>");
  }
  html.markup("</tr></thead>\n<tbody>\n");
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    html.markup("<tr>");
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const std::string_view element = i == 0 ? "th" : "td";
      html.markup("<").markup(element);
      if (i == 0) html.markup(" scope=\"row\"");
      if (table.columns[i].words) html.markup(" class=\"words\"");
      html.markup(">").text(table.rows[row][i]).markup("</").markup(element).markup(">");
      if (i > 0 || !add_more) continue;
      html.markup("<td>");
      add_more(html, row);
      html.markup("</td>");
    }
    html.markup("</tr>\n");
  }
  html.markup("</tbody>\n</table>\n</div>\n<p class=\"more\"");
  hidden(table.more.empty());
  html.text(table.more).markup("</p>\n</section>\n");
}

JsonObject table_json(const Table& table) {
  return JsonObject().add("rows", table.rows).add("more", table.more);
}

}  // namespace wmpush::pubpoint
