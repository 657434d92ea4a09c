#include "pubpoint/web/page.hpp"

#include "core/percent.hpp"
#include "pubpoint/pull/pull_response.hpp"
#include "pubpoint/web/chart.hpp"
#include "pubpoint/web/html.hpp"
#include "pubpoint/web/player.hpp"
#include "pubpoint/web/point_texts.hpp"

namespace wmpush::pubpoint {
namespace {

/// Up to <main>. `events`: where the page's events are; empty: it has none, and no script.
void begin_page(Html& html, std::string_view title, std::string_view events) {
  html.markup(
          "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n")
      .element("title", title)
      .markup(
          "\n<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">\n"
          "<link rel=\"stylesheet\" href=\"/page.css\">\n");
  if (!events.empty()) html.markup("<script src=\"/page.js\" defer></script>\n");
  html.markup("</head>\n<body");
  if (!events.empty()) html.attribute("data-events", events);
  html.markup(">\n");
}

/// The line at the top of the pages with numbers.
void add_banner(Html& html, const Snapshot& snapshot) {
  html.markup(
          "<header>\n<nav class=\"brand\" aria-label=\"Site\">"
          "<a href=\"/\">All publishing points</a></nav>\n"
          "<p class=\"liveness\" data-liveness>")
      .text("As of " + time_text(snapshot.taken_at))
      .markup("</p>\n</header>\n");
}

void end_page(Html& html, const Snapshot* snapshot) {
  html.markup("</main>\n");
  if (snapshot != nullptr)
    html.markup("<footer><p>wmpush ")
        .text(snapshot->version)
        .markup(" · <a href=\"/status.json\">numbers as JSON</a></p></footer>\n");
  html.markup("</body>\n</html>\n");
}

void add_text(Html& html, std::string_view element, const PointText& text) {
  html.markup("<")
      .markup(element)
      .attribute("data-text", text.name)
      .markup(">")
      .text(text.text)
      .markup("</")
      .markup(element)
      .markup(">");
}

void add_list(Html& html, const std::vector<PointText>& texts) {
  html.markup("<dl>\n");
  for (const PointText& text : texts) {
    html.markup("<div").attribute("class", text.name).markup(">").element("dt", text.label);
    add_text(html, "dd", text);
    html.markup("</div>\n");
  }
  html.markup("</dl>\n");
}

/// `aloud`: a screen reader tells when it changes.
void add_state(Html& html, const PointNumbers& point, bool with_time, bool aloud) {
  const std::vector<PointText> texts = state_texts(point);
  html.markup("<p class=\"state\"><strong").attribute("data-text", texts[0].name);
  if (aloud) html.markup(" aria-live=\"polite\"");
  html.markup(">").text(texts[0].text).markup("</strong>");
  if (with_time) {
    html.markup(" ");
    add_text(html, "span", texts[1]);
  }
  html.markup("</p>\n");
}

void add_charts(Html& html, const PointNumbers& point, const std::string& id) {
  const std::vector<PointText> texts = chart_texts(point);
  const auto add = [&](Measure measure, std::string_view title, const PointText& most,
                       const PointText& description) {
    html.markup("<figure>\n<figcaption><span>").text(title).markup("</span> <span>peak ");
    add_text(html, "b", most);
    html.markup("</span></figcaption>\n");
    add_chart(html, point, measure, id + "-" + std::string(name_of(measure)), title,
              description.text);
    html.markup("\n</figure>\n");
  };
  html.markup("<div class=\"charts\">\n");
  add(Measure::Bitrate, "Bit rate, ten minutes", texts[0], texts[2]);
  add(Measure::Viewers, "Viewers, ten minutes", texts[1], texts[3]);
  html.markup("</div>\n");
}

/// What starts a player, as links whose text is what there is to copy.
void add_players(Html& html, const PointNumbers& point, const PageAddress& address,
                 std::string_view heading) {
  const std::string path = percent_encoded_path(point.name);
  const std::string scheme = address.secure ? "https://" : "http://";
  const auto add = [&](std::string_view what, const std::string& url) {
    html.markup("<li><span>")
        .text(what)
        .markup("</span> <a")
        .attribute("href", url)
        .markup(">")
        .text(url)
        .markup("</a></li>\n");
  };
  html.element(heading, "Open in a player").markup("\n<ul class=\"players\">\n");
  for (const std::string& url : player_urls(address.secure, address.host, path, address.query))
    add(url.starts_with("mmsh") ? "For Windows Media players" : "To paste into any player", url);
  const std::string query = address.query.empty() ? "" : "?" + address.query;
  add("As an .asx file", scheme + address.host + path + ".asx" + query);
  add("As an .m3u file", scheme + address.host + path + ".m3u" + query);
  html.markup("</ul>\n");
}

/// What leads to the page of a point. "//name" alone would lead to a host of that name.
std::string link_to(const PointNumbers& point) {
  const std::string path = percent_encoded_path(point.name);
  return (path.starts_with("//") ? "/." : "") + path;
}

/// Where the events of one point are. An '&' in its name would end it there.
std::string events_of(const PointNumbers& point) {
  return "/events?point=" + percent_encoded(point.name, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                  std::string_view("-._~/").find(c) != std::string_view::npos;
         });
}

void add_summary(Html& html, const Snapshot& snapshot) {
  html.markup("<p class=\"summary\" data-summary>");
  std::string_view before;
  for (const PointText& text : server_texts(snapshot)) {
    html.markup(before);
    add_text(html, "span", text);
    before = " · ";
  }
  html.markup("</p>\n<p class=\"notice\" role=\"status\" data-notice></p>\n");
}

/// Of an element that stands for a point: by its path events find it, whatever its name is.
void begin_card(Html& html, const PointNumbers& point) {
  html.markup("<article class=\"card\"")
      .attribute("data-path", percent_encoded_path(point.name))
      .attribute("data-state", token_of(point.state))
      .markup(">\n");
}

void add_encoder(Html& html, const PointClients& clients) {
  html.markup("<section class=\"card\">\n<h2>Encoder</h2>\n");
  if (!clients.encoder) {
    html.markup("<p>Nobody pushes.</p>\n</section>\n");
    return;
  }
  const auto row = [&](std::string_view label, std::string_view value) {
    html.markup("<div>").element("dt", label).element("dd", value).markup("</div>\n");
  };
  html.markup("<dl class=\"wide\">\n");
  row("Address", clients.encoder->peer);
  row("Program", clients.encoder->user_agent);
  row("Since", time_text(clients.encoder->since));
  html.markup("</dl>\n</section>\n");
}

/// A table that may be wider than the page: it scrolls, with the keyboard as well.
void begin_table(Html& html, std::string_view id, std::string_view heading,
                 std::initializer_list<std::string_view> columns) {
  html.markup("<section class=\"card\">\n<h2")
      .attribute("id", id)
      .markup(">")
      .text(heading)
      .markup("</h2>\n<div class=\"table\" role=\"region\" tabindex=\"0\"")
      .attribute("aria-labelledby", id)
      .markup(">\n<table>\n<thead><tr>");
  for (const std::string_view column : columns)
    html.markup("<th scope=\"col\">").text(column).markup("</th>");
  html.markup("</tr></thead>\n<tbody>\n");
}

/// A cell of words, which may go over several lines.
void add_words(Html& html, std::string_view text) {
  html.markup("<td class=\"words\">").text(text).markup("</td>");
}

void end_table(Html& html) { html.markup("</tbody>\n</table>\n</div>\n"); }

void add_viewers(Html& html, const PointClients& clients) {
  if (clients.viewers.empty()) {
    html.markup("<section class=\"card\">\n<h2>Viewers</h2>\n<p>Nobody watches.</p>\n</section>\n");
    return;
  }
  begin_table(html, "viewers", "Viewers", {"Address", "Program", "Kind", "Time", "Sent", "Skips"});
  for (const ViewerDetails& viewer : clients.viewers) {
    html.markup("<tr><th scope=\"row\">").text(viewer.peer).markup("</th>");
    add_words(html, viewer.user_agent);
    html.element("td", viewer.framed ? "mmsh" : "http")
        .element("td", duration_text(viewer.time))
        .element("td", bytes_text(viewer.bytes))
        .element("td", std::to_string(viewer.skips))
        .markup("</tr>\n");
  }
  end_table(html);
  if (clients.more_viewers > 0)
    html.element("p", "And " + std::to_string(clients.more_viewers) + " more.").markup("\n");
  html.markup("</section>\n");
}

void add_events(Html& html, const PointClients& clients) {
  if (clients.events.empty()) return;
  begin_table(html, "pushes", "Last pushes", {"When", "What", "Address", "Program", "Why"});
  for (const PushEvent& event : clients.events) {
    html.markup("<tr><th scope=\"row\">")
        .text(time_text(event.at))
        .markup("</th>")
        .element("td", event.begun ? "began" : "ended")
        .element("td", event.peer);
    add_words(html, event.user_agent);
    add_words(html, event.because);
    html.markup("</tr>\n");
  }
  end_table(html);
  html.markup("</section>\n");
}

}  // namespace

std::string overview_page(const Snapshot& snapshot, const PageAddress& address) {
  Html html;
  begin_page(html, "Publishing points at " + address.host, "/events");
  add_banner(html, snapshot);
  html.markup("<main>\n<h1>Publishing points</h1>\n");
  add_summary(html, snapshot);
  if (snapshot.points.empty()) html.markup("<p>There is none.</p>\n");
  html.markup("<div class=\"cards\">\n");
  std::size_t number = 0;
  for (const PointNumbers& point : snapshot.points) {
    begin_card(html, point);
    html.markup("<h2><a")
        .attribute("href", link_to(point))
        .markup(">")
        .text(point.name)
        .markup("</a></h2>\n");
    add_state(html, point, true, false);
    add_charts(html, point, "point" + std::to_string(++number));
    add_list(html, main_texts(point));
    add_players(html, point, address, "h3");
    html.markup("</article>\n");
  }
  html.markup("</div>\n");
  end_page(html, &snapshot);
  return html.str();
}

std::string point_page(const Snapshot& snapshot, const PointNumbers& point,
                       const PointClients* clients, const PageAddress& address) {
  Html html;
  begin_page(html, point.name + " at " + address.host, events_of(point));
  add_banner(html, snapshot);
  html.markup("<main class=\"single\">\n").element("h1", point.name).markup("\n");
  html.markup("<p class=\"notice\" role=\"status\" data-notice></p>\n");
  begin_card(html, point);
  add_state(html, point, true, true);
  add_player(html, point, address);
  add_charts(html, point, "point");
  std::vector<PointText> texts = main_texts(point);
  for (PointText& text : more_texts(point)) texts.push_back(std::move(text));
  add_list(html, texts);
  add_players(html, point, address, "h2");
  html.markup("</article>\n");
  if (clients != nullptr) {
    add_encoder(html, *clients);
    add_viewers(html, *clients);
    add_events(html, *clients);
  }
  end_page(html, &snapshot);
  return html.str();
}

std::string plain_point_page(const PointNumbers& point, const PageAddress& address) {
  Html html;
  begin_page(html, point.name + " at " + address.host, {});
  html.markup("<main class=\"single\">\n").element("h1", point.name).markup("\n");
  begin_card(html, point);
  add_state(html, point, false, false);
  add_player(html, point, address);
  html.markup("<p>A live stream in Windows Media format. Open it in a player such as VLC.</p>\n");
  add_players(html, point, address, "h2");
  html.markup("</article>\n");
  end_page(html, nullptr);
  return html.str();
}

}  // namespace wmpush::pubpoint
