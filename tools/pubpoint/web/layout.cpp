#include "pubpoint/web/layout.hpp"

#include "core/percent.hpp"
#include "pubpoint/web/form_fields.hpp"

namespace wmpush::pubpoint {

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

void add_banner(Html& html, const Snapshot& snapshot) {
  html.markup(
          "<header>\n<nav class=\"brand\" aria-label=\"Site\">"
          "<a href=\"/\">All publishing points</a></nav>\n"
          "<p class=\"liveness\" data-liveness>")
      .text("As of " + time_text(snapshot.taken_at))
      .markup("</p>\n</header>\n");
}

void end_page(Html& html, const Snapshot* snapshot, std::string_view administration) {
  html.markup("</main>\n");
  if (snapshot != nullptr)
    html.markup("<footer><p>wmpush ")
        .text(snapshot->version)
        .markup(" · <a href=\"/status.json\">numbers as JSON</a>");
  if (snapshot != nullptr && !administration.empty())
    html.markup(" · <a").attribute("href", administration).markup(">administer</a>");
  if (snapshot != nullptr) html.markup("</p></footer>\n");
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

std::string link_to(const PointNumbers& point) {
  const std::string path = percent_encoded_path(point.name);
  return (path.starts_with("//") ? "/." : "") + path;
}

void begin_card(Html& html, const PointNumbers& point) {
  html.markup("<article class=\"card\"")
      .attribute("data-path", percent_encoded_path(point.name))
      .attribute("data-state", token_of(point.state))
      .markup(">\n");
}

void add_page_links(Html& html, const Snapshot& snapshot, std::string_view path) {
  if (snapshot.pages == 1) return;
  const auto link = [&](std::size_t page, std::string_view rel, std::string_view text) {
    html.markup("<a")
        .attribute("rel", rel)
        .attribute("href", std::string(path) + "?page=" + std::to_string(page))
        .markup(">")
        .text(text)
        .markup("</a> ");
  };
  html.markup("<nav class=\"pages\" aria-label=\"Pages\">");
  if (snapshot.page > 1) link(snapshot.page - 1, "prev", "Previous");
  html.markup("<span>Page " + std::to_string(snapshot.page) + " of " +
              std::to_string(snapshot.pages) + "</span> ");
  if (snapshot.page < snapshot.pages) link(snapshot.page + 1, "next", "Next");
  html.markup("</nav>\n");
}

std::string admin_link_to(std::string_view point) {
  return std::string(kAdminPath) + "?point=" + encoded_for_query(point);
}

}  // namespace wmpush::pubpoint
