// Pages of a snapshot that no server has made.
#include "pubpoint/web/page.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/web/chart.hpp"
#include "pubpoint/web/point_texts.hpp"

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::system_clock::time_point kNow{1'700'000'000s};
const PageAddress kAddress{.secure = false, .host = "radio.example:8080", .query = {}};

PointNumbers on_air(std::string name) {
  PointNumbers point;
  point.name = std::move(name);
  point.on_air = point.has_pusher = true;
  point.state = AirState::OnAir;
  point.since = kNow - 90s;
  point.bitrate = 264'000;
  point.frame_rate = 24.98;
  point.key_frame_age = 2400ms;
  point.streams = {{.number = 1,
                    .kind = "video",
                    .codec = "WMV2",
                    .bitrate = 200'000,
                    .width = 640,
                    .height = 360},
                   {.number = 2,
                    .kind = "audio",
                    .codec = "WMA 2",
                    .bitrate = 64'000,
                    .channels = 2,
                    .sample_rate = 44'100}};
  point.viewers = {.now = 3, .most = 7, .all = 21, .bytes_sent = 12'345'678, .skips = 1};
  point.history = {{10s, 0, 0}, {5s, 200'000, 1}, {0s, 400'000, 4}};
  return point;
}

Snapshot snapshot_of(std::vector<PointNumbers> points) {
  Snapshot snapshot;
  snapshot.version = "1.2.3";
  snapshot.taken_at = kNow;
  snapshot.points = std::move(points);
  for (const PointNumbers& point : snapshot.points) {
    ++snapshot.totals.points;
    snapshot.totals.on_air += point.state == AirState::OnAir ? 1 : 0;
    snapshot.totals.viewers += point.viewers.now;
  }
  return snapshot;
}

TEST(Page, TheOverviewHasEveryPointWithItsNumbersAndLinks) {
  PointNumbers off;
  off.name = "/My Radio";
  off.since = kNow - 1h;
  const std::string page = overview_page(snapshot_of({on_air("/live"), off}), kAddress);
  EXPECT_THAT(page, AllOf(HasSubstr(">on air<"), HasSubstr("since 2023-11-14 22:11:50 UTC"),
                          HasSubstr("WMV2 640×360, 200 kbit/s\nWMA 2 stereo 44.1 kHz, 64.0 kbit/s"),
                          HasSubstr(">264 kbit/s<"), HasSubstr(">25 frames/s<"),
                          HasSubstr(">2.4 s ago<"), HasSubstr("data-text=\"viewers\">3<")));
  EXPECT_THAT(page, AllOf(HasSubstr("data-text=\"viewers_most\">7<"),
                          HasSubstr("data-text=\"viewers_all\">21<"), HasSubstr(">12.3 MB<"),
                          HasSubstr("1 of 2 points on air"), HasSubstr("wmpush 1.2.3")));
  for (const char* url :
       {"mmsh://radio.example:8080/My%20Radio", "http://radio.example:8080/My%20Radio",
        "http://radio.example:8080/My%20Radio.asx", "http://radio.example:8080/My%20Radio.m3u"})
    EXPECT_THAT(page, HasSubstr("href=\"" + std::string(url) + "\">" + url + "</a>"));
}

TEST(Page, OverTlsNothingPointsToWhatIsNotEncrypted) {
  PageAddress address = kAddress;
  address.secure = true;
  EXPECT_THAT(overview_page(snapshot_of({on_air("/live")}), address),
              AllOf(HasSubstr("https://radio.example:8080/live.asx"), Not(HasSubstr("mmsh://")),
                    Not(HasSubstr("\"http://"))));
}

TEST(Page, ATokenOfThePageIsInTheLinksOfThePlayers) {
  PageAddress address = kAddress;
  address.query = "token=a&b";
  const Snapshot snapshot = snapshot_of({on_air("/live")});
  EXPECT_THAT(point_page(snapshot, snapshot.points[0], nullptr, address),
              AllOf(HasSubstr("\"mmsh://radio.example:8080/live?token=a&amp;b\""),
                    HasSubstr("\"http://radio.example:8080/live.asx?token=a&amp;b\"")));
}

TEST(Page, NamesOfOthersDoNothing) {
  const std::string script = "<script>alert(1)</script>";
  const std::string handler = "\" onmouseover=\"alert(1)";
  Snapshot snapshot = snapshot_of({on_air("/" + script), on_air("/" + handler)});
  snapshot.points[0].streams[0].codec = "<b>\"";
  PointClients clients;
  clients.encoder = {"192.0.2.1:80", script, kNow};
  clients.viewers = {{1, "192.0.2.2:80", handler, true, 10s, 1000, 0, 0}};
  clients.recordings = {{kNow, script, 1000, 5s}};
  clients.events = {{kNow, false, "192.0.2.3:80", handler, script}};
  for (const std::string& page : {overview_page(snapshot, kAddress),
                                  point_page(snapshot, snapshot.points[0], &clients, kAddress),
                                  point_page(snapshot, snapshot.points[1], &clients, kAddress),
                                  plain_point_page(snapshot.points[0], kAddress),
                                  plain_point_page(snapshot.points[1], kAddress)}) {
    EXPECT_THAT(page, AllOf(Not(HasSubstr("<script>")), Not(HasSubstr("\" onmouseover")),
                            Not(HasSubstr("<b>\""))));
    EXPECT_THAT(page, AllOf(Not(HasSubstr("style=")), Not(HasSubstr("javascript:"))));
  }
}

TEST(Page, ANameWithTwoSlashesIsNoLinkToAnotherHost) {
  EXPECT_THAT(overview_page(snapshot_of({on_air("//evil.example")}), kAddress),
              AllOf(HasSubstr("<a href=\"/.//evil.example\">"), Not(HasSubstr("href=\"//"))));
}

TEST(Page, ItsEventsAreThoseOfThePointWhateverItsNameIs) {
  const Snapshot snapshot = snapshot_of({on_air("/a&b=c d?")});
  EXPECT_THAT(point_page(snapshot, snapshot.points[0], nullptr, kAddress),
              AllOf(HasSubstr("data-events=\"/events?point=/a%26b%3Dc%20d%3F\""),
                    HasSubstr("data-path=\"/a&amp;b=c%20d%3F\"")));
}

TEST(Page, OnlyWhoMaySeeWhoWatchesAndPushesDoes) {
  const Snapshot snapshot = snapshot_of({on_air("/live")});
  PointClients clients;
  clients.encoder = {"192.0.2.1:80", "Encoder/9", kNow};
  clients.viewers = {{1, "192.0.2.2:81", "VLC/3", true, 70s, 1'500'000, 2048, 2},
                     {2, "192.0.2.2:82", "curl/8", false, 5s, 999, 0, 0}};
  clients.recordings = {{kNow, "live-1.asf", 12'345'678, 125min}};
  clients.more_viewers = 12;
  clients.events = {{kNow, false, "192.0.2.3:80", "Encoder/8", "ended by the client"}};
  const PointNumbers& point = snapshot.points[0];
  EXPECT_THAT(
      point_page(snapshot, point, &clients, kAddress),
      AllOf(HasSubstr(">192.0.2.1:80</th>"), HasSubstr(">Encoder/9</td>"),
            HasSubstr(
                ">192.0.2.2:81</th><td class=\"words\">VLC/3</td><td>mmsh</td><td>1 min 10 s</td>"
                "<td>1.50 MB</td><td>2.05 kB</td><td>2</td>"),
            HasSubstr("<td>http</td><td>5.0 s</td><td>999 bytes</td>"), HasSubstr("And 12 more."),
            HasSubstr(">ended by the client</td>"),
            HasSubstr(
                ">live-1.asf</th><td>12.3 MB</td><td>2 h 5 min</td><td>2023-11-14 22:13:20 UTC<"),
            HasSubstr("<th scope=\"col\">Address</th>")));
  EXPECT_THAT(point_page(snapshot, point, nullptr, kAddress),
              AllOf(Not(HasSubstr("<table")), HasSubstr("data-events=\"/events?point=/live\"")));
}

TEST(Page, RelaysAndOriginAreOnThePageOfTheirPoint) {
  Snapshot snapshot = snapshot_of({on_air("/live")});
  PointNumbers& point = snapshot.points[0];
  EXPECT_THAT(point_page(snapshot, point, nullptr, kAddress), Not(HasSubstr("Relays")));
  point.relays = {{.url = "http://next.example/<b>",
                   .streaming = true,
                   .pushes = 2,
                   .packets_sent = 99,
                   .packets_dropped = 3,
                   .reconnects = 1}};
  point.origin = {.url = "http://first.example/live", .streaming = false, .pulls = 4};
  EXPECT_THAT(
      point_page(snapshot, point, nullptr, kAddress),
      AllOf(HasSubstr(">http://next.example/&lt;b&gt;</th><td>streaming</td><td>2</td><td>99 "
                      "packets</td><td>3 packets</td><td>1</td>"),
            HasSubstr(">http://first.example/live</th><td>not streaming</td><td>4</td>")));
}

TEST(Page, OfManyPointsLeadsToTheOthers) {
  Snapshot snapshot = snapshot_of({on_air("/live")});
  EXPECT_THAT(overview_page(snapshot, kAddress), Not(HasSubstr("class=\"pages\"")));
  snapshot.pages = 3;
  snapshot.page = 2;
  EXPECT_THAT(
      overview_page(snapshot, kAddress),
      AllOf(HasSubstr("<a rel=\"prev\" href=\"/?page=1\">Previous</a>"), HasSubstr("Page 2 of 3"),
            HasSubstr("<a rel=\"next\" href=\"/?page=3\">Next</a>"),
            HasSubstr("data-events=\"/events?page=2\"")));
  snapshot.page = 3;
  EXPECT_THAT(overview_page(snapshot, kAddress), Not(HasSubstr("rel=\"next\"")));
}

TEST(Page, LeadsToAdministrationOnlyWhereSomebodyMay) {
  const Snapshot snapshot = snapshot_of({on_air("/live")});
  EXPECT_THAT(overview_page(snapshot, kAddress), Not(HasSubstr("administer")));
  PageAddress address = kAddress;
  address.administration = "/admin?point=/a&b";
  EXPECT_THAT(point_page(snapshot, snapshot.points[0], nullptr, address),
              HasSubstr("<a href=\"/admin?point=/a&amp;b\">administer</a>"));
}

TEST(Page, WhoSeesNoNumbersSeesHowToOpenTheStream) {
  EXPECT_THAT(plain_point_page(on_air("/live"), kAddress),
              AllOf(HasSubstr(">on air<"), HasSubstr("mmsh://radio.example:8080/live"),
                    Not(HasSubstr("264")), Not(HasSubstr("since")), Not(HasSubstr("<svg")),
                    Not(HasSubstr("data-events")), Not(HasSubstr("<script"))));
}

TEST(Chart, GoesFromTenMinutesAgoToNowWithTheLargestAtTheTop) {
  PointNumbers point;
  EXPECT_EQ(chart_line(point, Measure::Bitrate), "");
  point.history = {{10min, 0, 0}, {5min, 500, 2}, {0s, 1000, 1}};
  EXPECT_EQ(most_of(point, Measure::Bitrate), 1000u);
  EXPECT_EQ(chart_line(point, Measure::Bitrate), "M0 98L300 50L600 3");
  EXPECT_EQ(chart_line(point, Measure::Viewers), "M0 98H300V3H600V50");
  Html html;
  add_chart(html, point, Measure::Bitrate, "c", "Bit <rate>", "from & to");
  EXPECT_THAT(html.str(), AllOf(HasSubstr("<title id=\"c-title\">Bit &lt;rate&gt;</title>"),
                                HasSubstr(">from &amp; to</desc>"),
                                HasSubstr("d=\"M0 98L300 50L600 3V100H0Z\"")));
}

TEST(Chart, OfNothingIsALineAtTheFloor) {
  PointNumbers point;
  point.history = {{10s, 0, 0}, {0s, 0, 0}};
  EXPECT_EQ(chart_line(point, Measure::Bitrate), "M590 98L600 98");
}

TEST(PointTexts, SayNumbersShortly) {
  EXPECT_EQ(rate_text(0), "0 bit/s");
  EXPECT_EQ(rate_text(999), "999 bit/s");
  EXPECT_EQ(rate_text(1000), "1.00 kbit/s");
  EXPECT_EQ(rate_text(64'000), "64.0 kbit/s");
  EXPECT_EQ(rate_text(999'600), "1.00 Mbit/s");
  EXPECT_EQ(bytes_text(1), "1 byte");
  EXPECT_EQ(bytes_text(12'345'678), "12.3 MB");
  EXPECT_EQ(bytes_text(12'345'678'000'000'000), "12346 TB");
  EXPECT_EQ(duration_text(2449ms), "2.4 s");
  EXPECT_EQ(duration_text(10s), "10 s");
  EXPECT_EQ(duration_text(60s), "1 min");
  EXPECT_EQ(duration_text(190s), "3 min 10 s");
  EXPECT_EQ(duration_text(125min), "2 h 5 min");
  EXPECT_EQ(duration_text(26h), "1 day 2 h");
}

TEST(Page, PlaysAPointThatHasHlsWithWhatItWasAskedWith) {
  PointNumbers point = on_air("/a \"b\"");
  PageAddress address = kAddress;
  address.query = "token=\"<x>";
  EXPECT_THAT(plain_point_page(point, address), Not(HasSubstr("<video")));
  point.hls.emplace().viewers = 12;
  EXPECT_THAT(plain_point_page(point, address),
              AllOf(HasSubstr("<video controls playsinline preload=\"none\" hidden"),
                    HasSubstr("data-hls=\"/a%20%22b%22.m3u8?token=&quot;&lt;x&gt;\""),
                    HasSubstr("<script src=\"/player.js\" defer>"), Not(HasSubstr("<x>"))));
  Snapshot snapshot;
  snapshot.points = {point};
  EXPECT_THAT(point_page(snapshot, point, nullptr, address), HasSubstr(" and 12 by HLS<"));
}

}  // namespace
}  // namespace wmpush::pubpoint
