#include "pubpoint/web/admin_page.hpp"

#include <initializer_list>
#include <utility>

#include "pubpoint/web/administration.hpp"
#include "pubpoint/web/html.hpp"
#include "pubpoint/web/layout.hpp"
#include "pubpoint/web/table.hpp"

namespace wmpush::pubpoint {
namespace {

using Field = std::pair<std::string_view, std::string_view>;

void begin_admin_page(Html& html, const Snapshot& snapshot, const std::string& heading,
                      const AdminView& view) {
  begin_page(html, heading + " at " + view.host, {});
  add_banner(html, snapshot);
  html.markup("<main class=\"single\">\n").element("h1", heading).markup("\n");
  html.markup("<p class=\"summary\">Signed in as ").text(view.user).markup("</p>\n");
  html.markup("<p class=\"notice\" role=\"status\">").text(view.notice).markup("</p>\n");
}

/// A button. `aloud`: what it does, for those who do not see what it stands beside; empty: its text
/// says so.
void add_form(Html& html, const std::string& point, const AdminView& view, std::string_view action,
              std::initializer_list<Field> fields, std::string_view text,
              std::string_view aloud = {}) {
  html.markup("<form method=\"post\"").attribute("action", admin_link_to(point)).markup(">");
  const auto hidden = [&](std::string_view name, std::string_view value) {
    html.markup("<input type=\"hidden\"")
        .attribute("name", name)
        .attribute("value", value)
        .markup(">");
  };
  hidden("token", view.token);
  for (const auto& [name, value] : fields) hidden(name, value);
  html.markup("<button type=\"submit\" name=\"action\"").attribute("value", action);
  if (!aloud.empty()) html.attribute("aria-label", aloud);
  html.markup(">").text(text).markup("</button></form>\n");
}

void add_push_forms(Html& html, const PointNumbers& point, const PointClients& clients,
                    const AdminView& view) {
  if (!clients.encoder && !point.on_air) return;
  html.markup("<section class=\"card\">\n<h2>The push</h2>\n<div class=\"forms\">\n");
  const std::string encoder =
      clients.encoder ? clients.encoder->peer : std::string(AdminAct::kNoEncoder);
  if (clients.encoder) {
    add_form(html, point.name, view, AdminAct::kDisconnectEncoder, {{"encoder", encoder}},
             "Disconnect the encoder");
    html.markup("<p>Viewers wait for another one.</p>\n");
  }
  add_form(html, point.name, view, AdminAct::kEndPush, {{"encoder", encoder}}, "End the push");
  html.markup("<p>Viewers are told the end of the stream.</p>\n</div>\n</section>\n");
}

void add_recording_forms(Html& html, const PointNumbers& point, const PointClients& clients,
                         const RecordingState& recording, const AdminView& view) {
  if (!recording.possible || !clients.encoder) return;
  html.markup("<section class=\"card\">\n<h2>Recording</h2>\n<p>")
      .text(recording.running ? "The push is recorded." : "The push is not recorded.")
      .markup("</p>\n");
  if (!recording.error.empty())
    html.markup("<p class=\"notice\">").text(recording.error).markup("</p>\n");
  html.markup("<div class=\"forms\">\n");
  if (recording.running) {
    add_form(html, point.name, view, AdminAct::kStopRecording, {{"encoder", clients.encoder->peer}},
             "Stop recording");
    html.markup("<p>The file is finished, and the push goes on.</p>\n");
  } else {
    add_form(html, point.name, view, AdminAct::kStartRecording,
             {{"encoder", clients.encoder->peer}}, "Start recording");
    html.markup("<p>The file begins with the next key frame.</p>\n");
  }
  html.markup("</div>\n</section>\n");
}

void add_viewers(Html& html, const PointNumbers& point, const PointClients& clients,
                 const AdminView& view) {
  add_table(html, viewers_table(clients), [&](Html& cell, std::size_t row) {
    const ViewerDetails& viewer = clients.viewers[row];
    add_form(cell, point.name, view, AdminAct::kDisconnectViewer,
             {{"viewer", std::to_string(viewer.number)}}, "Disconnect",
             "Disconnect " + viewer.peer);
  });
}

}  // namespace

std::string admin_overview_page(const Snapshot& snapshot, const AdminView& view) {
  Html html;
  begin_admin_page(html, snapshot, "Administration", view);
  if (snapshot.points.empty())
    html.markup("<p>There is no point here that you may administer.</p>\n");
  for (const PointNumbers& point : snapshot.points) {
    begin_card(html, point);
    html.markup("<h2><a")
        .attribute("href", admin_link_to(point.name))
        .markup(">")
        .text(point.name)
        .markup("</a></h2>\n");
    add_state(html, point, true, false);
    html.markup("</article>\n");
  }
  add_page_links(html, snapshot, kAdminPath);
  end_page(html, &snapshot);
  return html.str();
}

std::string admin_point_page(const Snapshot& snapshot, const PointNumbers& point,
                             const PointClients& clients, const RecordingState& recording,
                             const AdminView& view) {
  Html html;
  begin_admin_page(html, snapshot, "Administer " + point.name, view);
  begin_card(html, point);
  add_state(html, point, true, false);
  html.markup("<p><a").attribute("href", link_to(point)).markup(">Its page</a> · <a");
  html.attribute("href", kAdminPath).markup(">all points</a> · <a");
  html.attribute("href", admin_link_to(point.name)).markup(">load this page again</a></p>\n");
  html.markup("</article>\n");
  add_table(html, encoder_table(clients));
  add_push_forms(html, point, clients, view);
  add_recording_forms(html, point, clients, recording, view);
  add_viewers(html, point, clients, view);
  add_table(html, recordings_table(clients));
  add_table(html, pushes_table(clients));
  end_page(html, &snapshot);
  return html.str();
}

}  // namespace wmpush::pubpoint
