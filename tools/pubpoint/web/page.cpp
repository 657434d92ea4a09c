#include "pubpoint/web/page.hpp"

#include "core/percent.hpp"
#include "pubpoint/pull/pull_response.hpp"
#include "pubpoint/web/chart.hpp"
#include "pubpoint/web/form_fields.hpp"
#include "pubpoint/web/html.hpp"
#include "pubpoint/web/layout.hpp"
#include "pubpoint/web/player.hpp"
#include "pubpoint/web/point_texts.hpp"
#include "pubpoint/web/table.hpp"

namespace wmpush::pubpoint {
namespace {

void add_list(Html& html, const std::vector<PointText>& texts) {
  html.markup("<dl>\n");
  for (const PointText& text : texts) {
    html.markup("<div").attribute("class", text.name).markup(">").element("dt", text.label);
    add_text(html, "dd", text);
    html.markup("</div>\n");
  }
  html.markup("</dl>\n");
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

/// What is on air, where the server makes pictures. The page shows newer ones as they come.
void add_picture(Html& html, const PointNumbers& point, const PageAddress& address) {
  if (!point.picture) return;
  const std::string query = address.query.empty() ? "" : "?" + address.query;
  html.markup("<p class=\"picture\"><img")
      .attribute("src", link_to(point) + ".jpg" + query)
      .attribute("alt", "What is on air at " + point.name)
      .attribute("data-picture", std::to_string(*point.picture))
      .markup(" loading=\"lazy\"")
      .markup(*point.picture == 0 ? " hidden></p>\n" : "></p>\n");
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
  if (point.hls) add("For players of HLS", scheme + address.host + path + ".m3u8" + query);
  html.markup("</ul>\n");
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

}  // namespace

std::string overview_page(const Snapshot& snapshot, const PageAddress& address) {
  Html html;
  begin_page(html, "Publishing points at " + address.host,
             "/events?page=" + std::to_string(snapshot.page));
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
    add_picture(html, point, address);
    add_charts(html, point, "point" + std::to_string(++number));
    add_list(html, main_texts(point));
    add_players(html, point, address, "h3");
    html.markup("</article>\n");
  }
  html.markup("</div>\n");
  add_page_links(html, snapshot, "/");
  end_page(html, &snapshot, address.administration);
  return html.str();
}

std::string point_page(const Snapshot& snapshot, const PointNumbers& point,
                       const PointClients* clients, const PageAddress& address) {
  Html html;
  begin_page(html, point.name + " at " + address.host,
             "/events?point=" + encoded_for_query(point.name));
  add_banner(html, snapshot);
  html.markup("<main class=\"single\">\n").element("h1", point.name).markup("\n");
  html.markup("<p class=\"notice\" role=\"status\" data-notice></p>\n");
  begin_card(html, point);
  add_state(html, point, true, true);
  add_picture(html, point, address);
  add_player(html, point, address);
  add_charts(html, point, "point");
  std::vector<PointText> texts = main_texts(point);
  for (PointText& text : more_texts(point)) texts.push_back(std::move(text));
  add_list(html, texts);
  add_players(html, point, address, "h2");
  html.markup("</article>\n");
  for (const Table& table : tables_of(point, clients)) add_table(html, table);
  end_page(html, &snapshot, address.administration);
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
