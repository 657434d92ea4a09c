#include "pubpoint/web/player.hpp"

#include "core/percent.hpp"
#include "pubpoint/web/assets.hpp"

namespace wmpush::pubpoint {
namespace {

constexpr std::string_view kLibrary = "/hls.light.min.js";

}  // namespace

void add_player(Html& html, const PointNumbers& point, const PageAddress& address) {
  if (!point.hls) return;
  const std::string path = percent_encoded_path(point.name);
  // "//name" alone would lead to a host of that name.
  const std::string url = (path.starts_with("//") ? "/." : "") + path + ".m3u8" +
                          (address.query.empty() ? "" : "?" + address.query);
  html.markup("<div class=\"watch\"").attribute("data-hls", url);
  if (find_asset(kLibrary) != nullptr) html.attribute("data-library", kLibrary);
  if (point.begins_when_asked) html.markup(" data-begins-when-asked");
  html.markup(
      ">\n<video controls playsinline preload=\"none\" hidden aria-label=\"Live stream\"></video>\n"
      "<button type=\"button\" hidden>Watch here</button>\n"
      "<p role=\"status\"></p>\n"
      "<noscript><p>Without JavaScript the page plays nothing: open the stream in a player."
      "</p></noscript>\n"
      "</div>\n<script src=\"/player.js\" defer></script>\n");
}

}  // namespace wmpush::pubpoint
