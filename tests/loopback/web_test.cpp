// The numbers of a server, as those see them who ask by HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <set>
#include <sstream>

#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "pubpoint/web/event_stream.hpp"
#include "pubpoint/web/rates.hpp"
#include "support/asf_builder.hpp"
#include "support/child_process.hpp"
#include "support/clip.hpp"
#include "support/raw_client.hpp"
#include "support/soon.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Rates;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class WebTest : public testing::Test {
 protected:
  void start(Settings settings = {}) { server = std::make_unique<Server>(std::move(settings)); }
  std::string ask(const std::string& request) const {
    RawClient client(server->port());
    client.send(request);
    return client.read_to_end();
  }
  std::string get(const std::string& path) const {
    return ask("GET " + path +
               " HTTP/1.1\r\nHost: radio.example:8080\r\nConnection: close\r\n\r\n");
  }
  std::string body(const std::string& path) const {
    const std::string response = get(path);
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n")) << path;
    return response.substr(std::min(response.find("\r\n\r\n") + 4, response.size()));
  }
  /// Pushes a clip up to its end, and leaves the end to the caller.
  void begin_push(PushSink& sink, const std::string& point = "/live") const {
    ASSERT_EQ(sink.Connect(server->url(point)), Result::S_OK);
    ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
    ASSERT_TRUE(server->wait_for(
        [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  }

  std::unique_ptr<Server> server;
};

TEST_F(WebTest, WhoAsksWhetherItIsWellHearsSo) {
  start();
  EXPECT_THAT(get("/healthz"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\nok\n")));
  const std::string head = ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(head, AllOf(HasSubstr("Content-Length: 3\r\n"), testing::EndsWith("\r\n\r\n")));
}

TEST_F(WebTest, CountsPushesAndViewersOnceAndShowsThemEverywhere) {
  start();
  RawClient viewer(server->port());
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\nUser-Agent: secret-agent\r\n\r\n");
  PushSink sink;
  begin_push(sink);
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  ASSERT_THAT(viewer.read_response(), HasSubstr("200 OK"));
  const std::string packets = std::to_string(server->sessions().back().packets);
  const std::string bytes = std::to_string(server->sessions().back().bytes);

  const std::string status = body("/status.json");
  EXPECT_THAT(status,
              AllOf(StartsWith("{\"version\": 1, "), HasSubstr("\"name\": \"/live\""),
                    HasSubstr("\"on_air\": true"), HasSubstr("\"pushed\": true"),
                    HasSubstr("\"pushes\": 1"), HasSubstr("\"packets_received\": " + packets + ","),
                    HasSubstr("\"bytes_received\": " + bytes + ",")));
  EXPECT_THAT(status, AllOf(HasSubstr("\"codec\": \"WMV2\""), HasSubstr("\"width\": 160"),
                            HasSubstr("\"codec\": \"WMA 2\""), HasSubstr("\"viewers\": 1, "),
                            HasSubstr("\"viewers_most\": 1"), HasSubstr("\"viewers_all\": 1")));
  const std::string metrics = body("/metrics");
  EXPECT_THAT(metrics,
              AllOf(HasSubstr("\nwmpush_point_on_air{point=\"/live\"} 1\n"),
                    HasSubstr("\nwmpush_point_received_packets_total{point=\"/live\"} " + packets),
                    HasSubstr("\nwmpush_point_received_bytes_total{point=\"/live\"} " + bytes),
                    HasSubstr("\nwmpush_point_viewers{point=\"/live\"} 1\n")));
  EXPECT_THAT(body("/status-json.xsl"),
              AllOf(HasSubstr("\"listeners\": 1"), HasSubstr("\"listener_peak\": 1"),
                    HasSubstr("\"listenurl\": \"http://radio.example:8080/live\""),
                    HasSubstr("\"total_bytes_read\": " + bytes + ",")));
  for (const std::string& text : {status, metrics})
    EXPECT_THAT(text, AllOf(Not(HasSubstr("secret-agent")), Not(HasSubstr("127.0.0.1"))))
        << "addresses and agents are nobody's business";

  viewer.close();
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().empty(); }));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  EXPECT_THAT(body("/status.json"),
              AllOf(HasSubstr("\"on_air\": false"), HasSubstr("\"pushed\": false"),
                    HasSubstr("\"pushed_seconds\": null"), HasSubstr("\"streams\": []"),
                    HasSubstr("\"viewers\": 0, \"viewers_most\": 1, \"viewers_all\": 1"),
                    HasSubstr("\"bytes_received\": " + bytes + ",")));
}

TEST_F(WebTest, ALimitThatWasMetShows) {
  Settings settings;
  settings.limits.viewers = 0;
  start(settings);
  PushSink sink;
  begin_push(sink);
  EXPECT_THAT(get("/live"), HasSubstr("503"));
  EXPECT_THAT(body("/metrics"), HasSubstr("\nwmpush_limit_hits_total{limit=\"viewers\"} 1\n"));
  EXPECT_THAT(body("/status.json"), HasSubstr("\"viewers\": 1, \"point_viewers\": 0"));
}

TEST_F(WebTest, IcecastsShapeHasASourceForEachPointOnAir) {
  Settings settings;
  settings.points = {"/one", "/two"};
  start(settings);
  EXPECT_THAT(body("/status-json.xsl"),
              AllOf(StartsWith("{\"icestats\": {"), Not(HasSubstr("\"source\""))));
  PushSink one;
  begin_push(one, "/one");
  EXPECT_THAT(body("/status-json.xsl"), HasSubstr("\"source\": {\"audio_info\""));
  PushSink two;
  begin_push(two, "/two");
  EXPECT_THAT(body("/status-json.xsl"), HasSubstr("\"source\": [{\"audio_info\""));
}

TEST_F(WebTest, NamesAreEscapedInEachForm) {
  Settings settings;
  settings.points = {"/a\"b\\c<script>"};
  start(settings);
  EXPECT_THAT(body("/status.json"), HasSubstr(R"("name": "/a\"b\\c<script>")"));
  EXPECT_THAT(body("/metrics"), HasSubstr(R"(wmpush_point_viewers{point="/a\"b\\c<script>"} 0)"));
  EXPECT_THAT(get("/status.json"), AllOf(HasSubstr("Content-Type: application/json\r\n"),
                                         HasSubstr("X-Content-Type-Options: nosniff\r\n")));
}

TEST_F(WebTest, OnlyTheAddressesThatAreNamedSeeNumbers) {
  Settings settings;
  ASSERT_EQ(pubpoint::AddressList::parse("192.0.2.1", settings.access.status_from), "");
  start(settings);
  for (const char* path : {"/metrics", "/status.json", "/status-json.xsl"})
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200 OK\r\n"));
  ASSERT_EQ(pubpoint::AddressList::parse("127.0.0.0/8", settings.access.status_from), "");
  EXPECT_EQ(server->reload(settings), "");
  EXPECT_THAT(get("/metrics"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(WebTest, APointOfThatNameWins) {
  Settings settings;
  settings.points = {"/metrics"};
  start(settings);
  PushSink sink;
  begin_push(sink, "/metrics");
  RawClient viewer(server->port());
  viewer.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(viewer.read_response(), HasSubstr("video/x-ms-asf"));
}

TEST_F(WebTest, AConnectionAsksAgainUnlessSomethingSpeaksAgainstIt) {
  start();
  RawClient client(server->port());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_response(), HasSubstr("200 OK"));
    EXPECT_EQ(client.read(3), "ok\n");
  }
  for (const char* request : {"GET /healthz HTTP/1.0\r\n\r\n",
                              "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n",
                              "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: TE, close\r\n\r\n",
                              "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"})
    EXPECT_THAT(ask(request), AllOf(HasSubstr("Connection: close\r\n"), HasSubstr("\r\n\r\nok\n")));
}

/// What a browser asks.
std::string browser(const std::string& path, const std::string& more = {},
                    const std::string& method = "GET") {
  return method + " " + path +
         " HTTP/1.1\r\nHost: radio.example:8080\r\nConnection: close\r\n"
         "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n" +
         more + "\r\n";
}

TEST_F(WebTest, ABrowserSeesEveryPointAndOthersSeeWhatTheySawBefore) {
  Settings settings;
  settings.points = {"/live", "/other"};
  start(settings);
  PushSink sink;
  begin_push(sink);
  const std::string page = ask(browser("/"));
  EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                          HasSubstr("Content-Type: text/html; charset=utf-8\r\n"),
                          HasSubstr("\r\nReferrer-Policy: no-referrer\r\n"),
                          HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n")));
  EXPECT_THAT(page, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; style-src 'self'; "
                              "script-src 'self'; img-src 'self'; connect-src 'self'; base-uri "
                              "'none'; form-action 'none'; frame-ancestors 'none'\r\n"));
  EXPECT_THAT(page, AllOf(HasSubstr("WMV2 160×120"), HasSubstr("1 of 2 points on air"),
                          HasSubstr("mmsh://radio.example:8080/other")));
  EXPECT_THAT(ask(browser("/", {}, "HEAD")),
              AllOf(HasSubstr("text/html"), testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(get("/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("GET / HTTP/1.0\r\nAccept: text/html\r\n\r\n"), StartsWith("HTTP/1.1 400 "))
      << "no host, no links";
}

TEST_F(WebTest, ABrowserSeesThePageOfAPointAndAPlayerItsStream) {
  start();
  PushSink sink;
  begin_push(sink);
  const std::string page = ask(browser("/live"));
  EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("text/html"),
                          HasSubstr("default-src 'none'"), HasSubstr("<h1>/live</h1>"),
                          HasSubstr("data-events=\"/events?point=/live\"")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<table")), Not(HasSubstr("127.0.0.1"))))
      << "nobody is named who may see addresses";
  EXPECT_THAT(ask(browser("/live", {}, "HEAD")),
              AllOf(HasSubstr("text/html"), testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(ask(browser("/live.asx")), HasSubstr("<asx version"));
  EXPECT_THAT(ask(browser("/live.m3u")), HasSubstr("#EXTM3U"));
  RawClient player(server->port());
  player.send(browser("/live", "User-Agent: NSPlayer/12.0\r\nPragma: xPlayStrm=1\r\n"));
  EXPECT_THAT(player.read_response(), HasSubstr("application/x-mms-framed"));
  RawClient plain(server->port());
  plain.send("GET /live HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
  EXPECT_THAT(plain.read_response(), HasSubstr("video/x-ms-asf"));
}

TEST_F(WebTest, APointWaitsWhenItsEncoderIsLostOrSomebodyWantsToWatch) {
  Settings settings;
  settings.points = {"/live", "/other"};
  start(settings);
  EXPECT_THAT(ask(browser("/live")), HasSubstr("data-state=\"off\""));
  RawClient encoder(server->port());
  encoder.send(RequestText::setup().text());
  encoder.send(RequestText::start(push_id_of(encoder.read_response())).text());
  encoder.send(frame(wmhttp::FrameId::Header, make_header(HeaderSpec{})));
  ASSERT_TRUE(server->wait_for(
      [&] { return !server->sessions().empty() && server->sessions().back().entries == 1; }));
  EXPECT_THAT(ask(browser("/live")), HasSubstr("data-state=\"on-air\""));
  encoder.close();
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().receiving; }));
  EXPECT_THAT(ask(browser("/live")), HasSubstr("data-state=\"waiting\""));

  RawClient viewer(server->port());
  viewer.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int tries = 0; tries < 500; ++tries)
    if (ask(browser("/other")).find("data-state=\"waiting\"") != std::string::npos) return;
  FAIL() << "a viewer waits and nobody says so";
}

TEST_F(WebTest, ThePageOfAPointIsForThoseWhoMayWatchIt) {
  Settings settings;
  ASSERT_EQ(pubpoint::AddressList::parse("192.0.2.1", settings.access.watch_from), "");
  start(settings);
  EXPECT_THAT(ask(browser("/live")), StartsWith("HTTP/1.1 403 "));
}

TEST_F(WebTest, WhoSeesNoNumbersSeesNoOverviewAndAPlainPage) {
  Settings settings;
  ASSERT_EQ(pubpoint::AddressList::parse("192.0.2.1", settings.access.status_from), "");
  ASSERT_EQ(pubpoint::AddressList::parse("127.0.0.1", settings.access.clients_from), "");
  start(settings);
  PushSink sink;
  begin_push(sink);
  EXPECT_THAT(ask(browser("/")), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/events"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(ask(browser("/live")),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("default-src 'none'"),
                    HasSubstr("mmsh://radio.example:8080/live"), HasSubstr(">on air<"),
                    Not(HasSubstr("WMV2")), Not(HasSubstr("<dl")), Not(HasSubstr("<table"))));
}

TEST_F(WebTest, WhoWatchesAndPushesIsForTheAddressesThatAreNamed) {
  Settings settings;
  ASSERT_EQ(pubpoint::AddressList::parse("127.0.0.0/8", settings.access.clients_from), "");
  start(settings);
  PushSink sink;
  begin_push(sink);
  RawClient viewer(server->port());
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\nUser-Agent: <script>alert(1)</script>\r\n\r\n");
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  const std::string& peer = server->viewers().front()->peer;
  EXPECT_THAT(ask(browser("/live")),
              AllOf(HasSubstr(">" + peer + "</th>"), HasSubstr(server->sessions().back().peer),
                    HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"), HasSubstr(">began<"),
                    Not(HasSubstr("<script>"))));
  EXPECT_THAT(ask(browser("/")), Not(HasSubstr(peer)));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  EXPECT_THAT(ask(browser("/live")), AllOf(HasSubstr(">ended<"), HasSubstr("Nobody pushes."),
                                           HasSubstr(server->sessions().back().ended_because)));
}

TEST_F(WebTest, TheFilesOfThePageAreAskedForAgainOnlyWhenTheyHaveChanged) {
  start();
  for (const auto& [path, type] : {std::pair("/page.css", "text/css; charset=utf-8"),
                                   std::pair("/page.js", "text/javascript; charset=utf-8"),
                                   std::pair("/icon.svg", "image/svg+xml")}) {
    const std::string response = get(path);
    EXPECT_EQ(field_of(response, "Content-Type"), type);
    EXPECT_EQ(field_of(response, "X-Content-Type-Options"), "nosniff");
    const std::string source = read_file(std::filesystem::path(WEB) / (path + 1));
    ASSERT_FALSE(source.empty());
    EXPECT_EQ(response.substr(response.find("\r\n\r\n") + 4), source);
    const std::string etag = field_of(response, "ETag");
    ASSERT_FALSE(etag.empty());
    const auto again = [&, of = std::string(path)](const std::string& known) {
      return ask("GET " + of + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" +
                 "If-None-Match: " + known + "\r\n\r\n");
    };
    EXPECT_THAT(again("\"other\", W/" + etag),
                AllOf(StartsWith("HTTP/1.1 304 Not Modified\r\n"), HasSubstr("ETag: " + etag),
                      testing::EndsWith("\r\n\r\n")));
    EXPECT_THAT(again("\"other\""), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST_F(WebTest, APointWithTheNameOfAPartOfThePageWins) {
  Settings settings;
  settings.points = {"/", "/events", "/metrics"};
  start(settings);
  for (const std::string& point : settings.points) {
    PushSink sink;
    begin_push(sink, point);
    RawClient viewer(server->port());
    viewer.send("GET " + point + " HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n");
    EXPECT_THAT(viewer.read_response(), HasSubstr("video/x-ms-asf")) << point;
    EXPECT_THAT(ask(browser(point)), HasSubstr("<h1>" + point + "</h1>"));
  }
}

TEST_F(WebTest, WhoListensHearsOfTheNumbersAndHasAPlaceAmongAFew) {
  Settings settings;
  settings.limits.event_streams = 2;
  start(settings);
  PushSink sink;
  begin_push(sink);
  const std::string request = "GET /events?point=%2Flive HTTP/1.1\r\nHost: x\r\n\r\n";
  RawClient first(server->port());
  first.send(request);
  EXPECT_EQ(field_of(first.read_response(), "Content-Type"), "text/event-stream");
  EXPECT_THAT(first.read(400), AllOf(StartsWith("data: {\"server\": {"),
                                     HasSubstr("\"name\": \"/live\""), Not(HasSubstr("\n"))));
  RawClient second(server->port());
  second.send(request);
  EXPECT_THAT(second.read_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(get("/events"), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::EventStreams], 1u);
  EXPECT_THAT(get("/events?point=/none"), StartsWith("HTTP/1.1 404 "));
  second.close();
  for (int tries = 0; tries < 500; ++tries) {
    RawClient third(server->port());
    third.send(request);
    if (third.read_response().starts_with("HTTP/1.1 200 OK\r\n")) return;
  }
  FAIL() << "the place of who has gone stays taken";
}

TEST_F(WebTest, TheFilesOfThePageWinOverAPointOfTheirName) {
  Settings settings;
  settings.points = {"/page.css"};
  start(settings);
  EXPECT_EQ(field_of(ask(browser("/page.css")), "Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(field_of(get("/page.css"), "Content-Type"), "text/css; charset=utf-8");
  // Nor can an encoder have such a point made.
  RawClient encoder(server->port());
  encoder.send(RequestText::setup("/page.js")
                   .body("Template-URL: \"/page.css\"\r\nAutoDestroy: 1\r\n")
                   .text());
  EXPECT_EQ(status_of(encoder.read_response()), 403);
}

TEST_F(WebTest, WhatIsOnlyLookedAtTakesNoOtherMethods) {
  start();
  for (const char* path : {"/", "/status.json", "/metrics", "/events", "/healthz", "/page.css"})
    for (const char* method : {"POST", "PUT", "DELETE"}) {
      const std::string response = ask(browser(path, "Content-Length: 1\r\n", method) + "x");
      EXPECT_THAT(response, StartsWith("HTTP/1.1 405 ")) << method << path;
      EXPECT_EQ(field_of(response, "Allow"), "GET, HEAD");
    }
  // An encoder may push to what is no point yet, and is told by the rules of pushing what is wrong.
  RawClient encoder(server->port());
  encoder.send(RequestText::setup("/metrics").text());
  EXPECT_EQ(status_of(encoder.read_response()), 404);
  EXPECT_TRUE(server->breaches().size() == 1u && server->breaches()[0].rule == "S05");
}

TEST_F(WebTest, EventsAreOfThePointWhereverItStandsInTheQuery) {
  Settings settings;
  settings.points = {"/live", "/other"};
  start(settings);
  for (const char* query : {"?point=/other", "?x=1&point=/other", "?page=1&point=%2Fother&y"}) {
    RawClient listener(server->port());
    listener.send("GET /events" + std::string(query) + " HTTP/1.1\r\nHost: x\r\n\r\n");
    listener.read_response();
    server->check_timers();
    std::string event;
    while (!event.ends_with("\n\n")) event += listener.read(1);
    EXPECT_THAT(event, AllOf(HasSubstr("/other"), Not(HasSubstr("/live")))) << query;
  }
  EXPECT_THAT(get("/events?x=1&point=/none"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(WebTest, OneAddressHasAFewPlacesAmongThoseWhoListen) {
  Settings settings;
  settings.limits.address_event_streams = 2;
  start(settings);
  const std::string request = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";
  RawClient first(server->port());
  RawClient second(server->port());
  for (RawClient* client : {&first, &second}) {
    client->send(request);
    EXPECT_THAT(client->read_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
  EXPECT_THAT(get("/events"), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::AddressEventStreams], 1u);
  EXPECT_THAT(body("/status.json"), HasSubstr("\"address_event_streams\": 1"));
}

TEST_F(WebTest, ManyPointsAreShownAHundredAtATime) {
  Settings settings;
  settings.points.clear();
  for (int i = 1000; i < 1250; ++i) settings.points.push_back("/" + std::to_string(i));
  start(settings);
  const std::string first = ask(browser("/"));
  EXPECT_THAT(first, AllOf(HasSubstr("<h2><a href=\"/1000\">"), HasSubstr("<h2><a href=\"/1099\">"),
                           Not(HasSubstr("<h2><a href=\"/1100\">")), HasSubstr("0 of 250 points"),
                           HasSubstr("href=\"/?page=2\">Next<"), Not(HasSubstr(">Previous<"))));
  EXPECT_LT(first.size(), 400'000u);
  EXPECT_THAT(ask(browser("/?page=3")),
              AllOf(HasSubstr("<h2><a href=\"/1200\">"), HasSubstr("<h2><a href=\"/1249\">"),
                    HasSubstr("Page 3 of 3"), HasSubstr("data-events=\"/events?page=3\"")));
  EXPECT_THAT(ask(browser("/?page=99")), HasSubstr("Page 3 of 3"));
  EXPECT_THAT(ask(browser("/?page=-1")), HasSubstr("Page 1 of 3"));
  RawClient listener(server->port());
  listener.send("GET /events?page=2 HTTP/1.1\r\nHost: x\r\n\r\n");
  listener.read_response();
  server->check_timers();
  std::string event;
  while (!event.ends_with("\n\n")) event += listener.read(1);
  EXPECT_THAT(event, AllOf(HasSubstr("\"/1100\""), HasSubstr("\"/1199\""),
                           Not(HasSubstr("\"/1099\"")), Not(HasSubstr("\"/1200\""))));
}

TEST_F(WebTest, APushThatIsDiscardedComesInAllTheSame) {
  Settings settings;
  settings.discard = true;
  start(settings);
  PushSink sink;
  begin_push(sink);
  const std::string bytes = std::to_string(server->sessions().back().bytes);
  EXPECT_THAT(ask(browser("/live")), HasSubstr("data-state=\"on-air\""));
  EXPECT_THAT(body("/status.json"), AllOf(HasSubstr("\"on_air\": false, \"pushed\": true"),
                                          HasSubstr("\"bytes_received\": " + bytes + ",")));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  EXPECT_THAT(ask(browser("/live")), HasSubstr("data-state=\"off\""));
}

TEST_F(WebTest, FramesAreCountedAsTheyCome) {
  std::atomic<int> seconds{1};
  Settings settings;
  settings.now = [&] { return pubpoint::Clock::time_point(std::chrono::seconds(seconds)); };
  start(settings);
  EXPECT_THAT(body("/status.json"), HasSubstr("\"frame_rate\": null"));
  RawClient encoder(server->port());
  encoder.send(RequestText::setup().text());
  encoder.send(RequestText::start(push_id_of(encoder.read_response())).text());
  encoder.send(frame(wmhttp::FrameId::Header, video_header(200)));
  ASSERT_TRUE(server->wait_for(
      [&] { return !server->sessions().empty() && server->sessions().back().entries == 1; }));
  server->check_timers();
  constexpr unsigned kFrames = 25;
  for (unsigned i = 0; i < kFrames; ++i) {
    PacketSpec spec;
    spec.send_time = 40 * i;
    const auto number = static_cast<std::uint8_t>(i);
    // A frame in two packets is one frame.
    for (const std::uint32_t offset : {0u, 50u}) {
      spec.payloads = {{.stream = 1,
                        .key_frame = i == 0,
                        .media_object = number,
                        .offset = offset,
                        .media_object_size = 100,
                        .presentation_time = 40 * i,
                        .size = 50}};
      encoder.send(frame(wmhttp::FrameId::Data, make_packet(spec)));
    }
  }
  ASSERT_TRUE(server->wait_for([&] { return server->sessions().back().packets == 2 * kFrames; }));
  ++seconds;
  server->check_timers();
  EXPECT_THAT(body("/status.json"), HasSubstr("\"frame_rate\": 25.000"));
  EXPECT_THAT(body("/metrics"),
              HasSubstr("\nwmpush_point_frames_per_second{point=\"/live\"} 25\n"));
  EXPECT_THAT(ask(browser("/live")), HasSubstr(">25 frames/s<"));
}

TEST_F(WebTest, HowFarAViewerIsBehindIsOnThePage) {
  constexpr std::size_t kSize = 60'000;
  Settings settings;
  settings.limits.viewer_queue = std::size_t{64} << 20;
  ASSERT_EQ(pubpoint::AddressList::parse("127.0.0.0/8", settings.access.clients_from), "");
  start(settings);
  RawClient encoder(server->port());
  encoder.send(RequestText::setup().text());
  encoder.send(RequestText::start(push_id_of(encoder.read_response())).text());
  encoder.send(frame(wmhttp::FrameId::Header, make_header({.packet_size = kSize})));
  RawClient viewer(server->port());
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  EXPECT_THAT(ask(browser("/live")), HasSubstr("<td>0 bytes</td><td>0</td></tr>"));
  // More than the kernel keeps for one who does not read.
  for (std::uint32_t i = 0; i < 300; ++i)
    encoder.send(frame(wmhttp::FrameId::Data, plain_packet(kSize, 40 * i)));
  ASSERT_TRUE(soon([&] { return server->viewers().front()->behind > kSize; }));
  EXPECT_THAT(ask(browser("/live")), HasSubstr(" MB</td><td>0</td></tr>"));
  // What it takes it is behind no more.
  ASSERT_TRUE(soon([&] { return viewer.discard() && server->viewers().front()->behind == 0; }));
}

TEST_F(WebTest, EventsTellThoseWhoMaySeeThemWhoWatchesAndPushes) {
  Settings settings;
  ASSERT_EQ(pubpoint::AddressList::parse("127.0.0.0/8", settings.access.clients_from), "");
  start(settings);
  PushSink sink;
  begin_push(sink);
  RawClient viewer(server->port());
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\nUser-Agent: <script>\r\n\r\n");
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  const std::string peer = server->viewers().front()->peer;
  const auto event_of = [&](const std::string& query) {
    RawClient listener(server->port());
    listener.send("GET /events" + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
    listener.read_response();
    std::string event;
    while (!event.ends_with("\n\n")) event += listener.read(1);
    return event;
  };
  EXPECT_THAT(event_of("?point=/live"),
              AllOf(HasSubstr("\"" + peer + "\", \"<script>\""),
                    HasSubstr("\"encoder\": {\"rows\": [[\"" + server->sessions().back().peer)));
  EXPECT_THAT(event_of(""), Not(HasSubstr(peer)));
  settings.access.clients_from = {};
  EXPECT_EQ(server->reload(settings), "");
  EXPECT_THAT(event_of("?point=/live"),
              AllOf(Not(HasSubstr(peer)), Not(HasSubstr("\"viewers\": {"))));
}

TEST_F(WebTest, WhoListensAndDoesNotReadIsDropped) {
  std::atomic<int> seconds{1};
  Settings settings;
  settings.limits.event_streams = 1;
  settings.now = [&] { return pubpoint::Clock::time_point(std::chrono::seconds(seconds)); };
  settings.points.clear();
  // So that a few events fill what the kernel keeps for one who does not read.
  for (int i = 0; i < 100; ++i) settings.points.push_back("/" + std::to_string(i));
  start(settings);
  RawClient stuck(server->port());
  stuck.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_THAT(stuck.read_response(), StartsWith("HTTP/1.1 200 OK\r\n"));
  for (int rounds = 0; rounds < 100; ++rounds) {
    seconds += 10;
    server->check_timers();
    RawClient other(server->port());
    other.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    if (!other.read_response().starts_with("HTTP/1.1 200 OK\r\n")) continue;
    EXPECT_GE(rounds, pubpoint::EventStream::kMostMissed - 1);
    return;
  }
  FAIL() << "it is still there";
}

TEST_F(WebTest, PrometheusFindsNoFaultWithTheMetrics) {
  start();
  PushSink sink;
  begin_push(sink);
  const TemporaryDirectory folder;
  const auto file = folder.path() / "metrics";
  std::ofstream(file) << body("/metrics");
  ChildProcess check({"sh", "-c",
                      "command -v promtool >/dev/null || exit 77; promtool check metrics < \"$1\"",
                      "sh", file.string()});
  const int status = check.wait();
  if (status == 77) GTEST_SKIP() << "no promtool: prometheus is not installed";
  EXPECT_EQ(status, 0) << check.output() << check.error_text();
  EXPECT_EQ(check.output() + check.error_text(), "");
}

TEST_F(WebTest, TheDashboardAsksForMetricsThatThereAre) {
  start();
  PushSink sink;
  begin_push(sink);
  const std::string metrics = body("/metrics");
  std::stringstream dashboard;
  dashboard << std::ifstream(DASHBOARD).rdbuf();
  const std::string text = dashboard.str();
  ASSERT_FALSE(text.empty());
  std::set<std::string> asked;
  for (std::size_t at = 0; (at = text.find("wmpush_", at)) != text.npos;) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
    asked.insert(text.substr(at, end - at));
    at = end;
  }
  EXPECT_GT(asked.size(), 5u);
  for (const std::string& name : asked)
    EXPECT_THAT(metrics, HasSubstr("# TYPE " + name + " ")) << name;
}

TEST(Rates, AreThoseOfTheLastTenSeconds) {
  Rates rates;
  const pubpoint::Clock::time_point start{};
  const auto tell = [&](std::chrono::milliseconds at, std::uint64_t bytes) {
    rates.begin(start + at);
    rates.take("/live", {.bytes = bytes, .frames = bytes / 100});
    rates.end();
  };
  EXPECT_EQ(rates.bitrate("/live"), 0u);
  tell(0ms, 1000);
  EXPECT_EQ(rates.bitrate("/live"), 0u) << "nothing can be said yet";
  tell(1000ms, 2000);
  EXPECT_EQ(rates.bitrate("/live"), 8000u);
  for (int second = 2; second <= 30; ++second)
    tell(std::chrono::seconds(second), static_cast<std::uint64_t>(2000 * second));
  EXPECT_EQ(rates.bitrate("/live"), 16'000u) << "what was before is forgotten";
  EXPECT_DOUBLE_EQ(rates.frame_rate("/live").value_or(0), 20);
  tell(45s, 60'000);
  EXPECT_EQ(rates.bitrate("/live"), 0u) << "nothing came";
  EXPECT_FALSE(rates.frame_rate("/live"));
  rates.begin(start + 46s);
  rates.end();
  EXPECT_EQ(rates.bitrate("/live"), 0u) << "the point has gone";
}

/// Whoever asks and asks, and takes no answer.
TEST_F(WebTest, AnswersThatNobodyTakesAreNotPiledUp) {
  constexpr int kRequests = 20'000;
  std::atomic<int> seconds = 0;
  Settings settings;
  settings.inactivity_timeout = 1h;
  settings.limits.head_time = 1h;
  const auto begin = pubpoint::Clock::now();
  settings.now = [&] { return begin + std::chrono::seconds(seconds); };
  start(settings);
  RawClient client(server->port());
  std::string many;
  for (int i = 0; i < kRequests; ++i) many += "GET /page.css HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_TRUE(client.send(many));
  for (int i = 0; i < 50; ++i) EXPECT_THAT(get("/healthz"), HasSubstr("ok"));
  EXPECT_LT(server->requests(), kRequests / 2) << "it reads no more than it can answer";
  for (int i = 0; i < 50; ++i) {
    seconds += 3601;
    server->check_timers();
    EXPECT_THAT(get("/healthz"), HasSubstr("ok"));
  }
  const std::string answers = client.read_to_end();
  EXPECT_NE(client.ending(), RawClient::Ending::None) << "it was sent away";
  EXPECT_LT(server->requests(), kRequests / 2);
}

TEST_F(WebTest, WhoTakesItsAnswersLateGetsThemAll) {
  start();
  RawClient client(server->port());
  const std::string one = "GET /page.css HTTP/1.1\r\nHost: x\r\n\r\n";
  std::string many;
  for (int i = 0; i < 999; ++i) many += one;
  many += "GET /page.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  ASSERT_TRUE(client.send(many));
  const std::string all = client.read_to_end();
  std::size_t answers = 0;
  for (std::size_t at = all.find("HTTP/1.1 200"); at != all.npos;
       at = all.find("HTTP/1.1 200", at + 1))
    ++answers;
  EXPECT_EQ(answers, 1000u);
}

}  // namespace
}  // namespace wmpush::test
