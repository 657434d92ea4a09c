// HLS: what browsers are given of a push, by FFmpeg's program and by programs that do what it
// should not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pubpoint/access/token.hpp"
#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "support/asf_builder.hpp"
#include "support/child_process.hpp"
#include "support/clip.hpp"
#include "support/raw_client.hpp"
#include "support/server_log.hpp"
#include "support/soon.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::HlsMode;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// Two seconds with a key frame at each half of one.
const std::string kH264 =
    "-c:v libx264 -preset veryfast -tune zerolatency -bf 0 -pix_fmt yuv420p -g 7 -c:a aac -f asf";
const std::string kWmv = "-g 7 -f asf";

class HlsTest : public testing::Test {
 protected:
  HlsTest() {
    server_log.keep(settings);
    settings.hls.segment_time = 400ms;
    settings.hls.segments = 20;
    settings.now = [this] { return pubpoint::Clock::now() + std::chrono::seconds(later); };
    use(HlsMode::Copy);
  }
  void use(HlsMode mode) { settings.hls_points = {{.point = "/live", .mode = mode}}; }
  void start() { server = std::make_unique<Server>(settings); }
  /// A script for sh in place of FFmpeg's program.
  void use_script(const std::string& script) {
    settings.hls.program = file("program").string();
    std::ofstream(settings.hls.program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(settings.hls.program, std::filesystem::perms::owner_all);
  }
  std::filesystem::path file(const std::string& name) const { return directory.path() / name; }
  std::string base() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::string ask(const std::string& path, const std::string& more = {},
                  const std::string& method = "GET") const {
    RawClient client(server->port());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: x\r\nUser-Agent: browser\r\n" + more +
                "Connection: close\r\n\r\n");
    return client.read_to_end();
  }
  static std::string body_of(const std::string& response) {
    return response.substr(std::min(response.find("\r\n\r\n") + 4, response.size()));
  }
  std::string playlist(const std::string& path = "/live.m3u8") const { return body_of(ask(path)); }
  /// Where the playlist's first segment is, as a path.
  static std::string first_segment(const std::string& text) {
    const std::size_t end = text.find(".m4s");
    const std::size_t begin = text.rfind('\n', end) + 1;
    return "/" + text.substr(begin, text.find('\n', begin) - begin);
  }
  void begin_push(PushSink& sink, const std::string& clip_arguments,
                  const std::string& point = "/live") const {
    ASSERT_EQ(sink.Connect(server->url(point)), Result::S_OK);
    ASSERT_EQ(sink.write(as_bytes(clip(clip_arguments))), Result::S_OK);
    ASSERT_TRUE(server->wait_for(
        [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  }
  /// Packets without end, as fast as they are taken.
  void push_packets(PushSink& sink, int count) const {
    for (int i = 0; i < count; ++i) ASSERT_EQ(sink.OnDataUnit(plain_packet(3200)), Result::S_OK);
    ASSERT_TRUE(server->wait_for(
        [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  }
  void begin_packets(PushSink& sink) const {
    HeaderSpec header;
    header.packet_size = 3200;
    header.streams = {StreamSpec::audio(1)};
    ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
    ASSERT_EQ(sink.OnHeader(make_header(header)), Result::S_OK);
    push_packets(sink, 1);
  }
  bool log_has(const std::string& text) const {
    return soon([&] {
      server->check_timers();
      return server_log.text().find(text) != std::string::npos;
    });
  }
  bool status_has(const std::string& text) const {
    return soon([&] {
      server->check_timers();
      return ask("/status.json").find(text) != std::string::npos;
    });
  }
  /// What ffprobe counts of a whole stream's video, and what it complains of.
  static std::string frames(const std::string& url) {
    ChildProcess probe({"ffprobe", "-v", "error", "-count_frames", "-select_streams", "v",
                        "-show_entries", "stream=codec_name,width,height,nb_read_frames", "-of",
                        "csv=p=0", url});
    probe.wait();
    const std::string said = probe.output() + probe.error_text();
    const std::size_t twice = said.find("\n\n");  // of a playlist
    return twice == said.npos ? said : said.substr(0, twice + 1);
  }
  /// What a part of a playlist names, one behind the other, as a file.
  std::string save(const std::string& name, const std::string& part) const {
    const std::string saved = file(name).string();
    std::ofstream to(saved, std::ios::binary);
    std::istringstream lines(part);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("#EXT-X-MAP:URI=\""))
        to << body_of(ask("/" + line.substr(16, line.size() - 17)));
      else if (!line.starts_with("#"))
        to << body_of(ask("/" + line));
    }
    return saved;
  }

  TemporaryDirectory directory;
  ServerLog server_log;
  std::atomic<int> later{0};  // seconds, of the server's clock
  Settings settings;
  std::unique_ptr<Server> server;
};

TEST_F(HlsTest, CopiesWhatIsH264AndAacFrameByFrame) {
  start();
  static_cast<void>(ask("/live.m3u8"));  // who has asked already gets it from the first frame on
  PushSink sink;
  begin_push(sink, kH264);
  const std::string live = ask("/live.m3u8");
  EXPECT_THAT(live, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                          HasSubstr("Content-Type: application/vnd.apple.mpegurl\r\n"),
                          HasSubstr("Cache-Control: public, max-age=1\r\n"),
                          HasSubstr("Access-Control-Allow-Origin: *\r\n"),
                          HasSubstr("#EXT-X-MAP:URI=\"live.hls/"), Not(HasSubstr("ENDLIST"))));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(soon([&] { return playlist().ends_with("#EXT-X-ENDLIST\n"); }));
  const std::string said = frames(base() + "/live.m3u8");
  EXPECT_EQ(said, "h264,160,120,30\n") << "30 frames, and nothing to complain of";
  EXPECT_TRUE(status_has("\"hls\": {\"running\": false, \"viewers\": "));
}

TEST_F(HlsTest, TranscodesWindowsMediaFrameByFrame) {
  use(HlsMode::Transcode);
  start();
  static_cast<void>(ask("/live.m3u8"));
  PushSink sink;
  begin_push(sink, kWmv);
  EXPECT_THAT(playlist(), HasSubstr(".m4s\n"));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(soon([&] { return playlist().ends_with("#EXT-X-ENDLIST\n"); }));
  const std::string said = frames(base() + "/live.m3u8");
  EXPECT_EQ(said, "h264,160,120,30\n");
}

TEST_F(HlsTest, AnotherEncoderWithOtherPicturesIsADiscontinuityAndPlaysOn) {
  settings.takeover = pubpoint::Takeover::Newer;
  start();
  static_cast<void>(ask("/live.m3u8"));
  PushSink first;
  begin_push(first, kH264);
  const std::string before = playlist();
  ASSERT_THAT(before, AllOf(HasSubstr("#EXT-X-MEDIA-SEQUENCE:0\n"), HasSubstr(".m4s")));
  PushSink second;
  begin_push(second, "-s 80x60 " + kH264);
  EXPECT_EQ(second.EndSession(), Result::S_OK);
  ASSERT_TRUE(soon([&] { return playlist().ends_with("#EXT-X-ENDLIST\n"); }));
  const std::string after = playlist();
  const std::size_t cut = after.find("#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=");
  ASSERT_NE(cut, after.npos) << after;
  EXPECT_THAT(after.substr(0, cut), HasSubstr(first_segment(before).substr(1)));
  EXPECT_NE(first_segment(after.substr(cut)), first_segment(before));
  EXPECT_EQ(frames(save("before.mp4", after.substr(0, cut))), "h264,160,120,30\n");
  EXPECT_EQ(frames(save("after.mp4", after.substr(cut))), "h264,80,60,30\n");
}

TEST_F(HlsTest, APushAfterTheEndBeginsAnew) {
  start();
  PushSink first;
  begin_push(first, kH264);
  const std::string before = playlist();
  EXPECT_EQ(first.EndSession(), Result::S_OK);
  ASSERT_TRUE(soon([&] { return playlist().ends_with("#EXT-X-ENDLIST\n"); }));
  PushSink second;
  begin_push(second, kH264);
  const std::string after = playlist();
  EXPECT_THAT(after, AllOf(HasSubstr(".m4s"), Not(HasSubstr("ENDLIST")),
                           Not(HasSubstr("#EXT-X-MEDIA-SEQUENCE:0\n"))));
  EXPECT_NE(first_segment(after), first_segment(before)) << "a cache may have that for ever";
}

TEST_F(HlsTest, WithNobodyOnAirThereIsNone) {
  start();
  EXPECT_THAT(ask("/live.m3u8"), AllOf(StartsWith("HTTP/1.1 404 "), HasSubstr("nobody pushes")));
  EXPECT_THAT(ask("/other.m3u8"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("/status.json"), HasSubstr("\"running\": false, \"viewers\": 0"));
}

TEST_F(HlsTest, SegmentsAreWhatACacheWants) {
  start();
  PushSink sink;
  begin_push(sink, kH264);
  const std::string path = first_segment(playlist());
  const std::string whole = ask(path);
  EXPECT_THAT(whole,
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: video/mp4\r\n"),
                    HasSubstr("Cache-Control: public, max-age=31536000, immutable\r\n")));
  const std::string etag = field_of(whole, "ETag");
  EXPECT_THAT(ask(path, "If-None-Match: " + etag + "\r\n"),
              AllOf(StartsWith("HTTP/1.1 304 "), EndsWith("\r\n\r\n")));
  EXPECT_THAT(ask(path, {}, "HEAD"),
              AllOf(HasSubstr("Content-Length: " + std::to_string(body_of(whole).size())),
                    EndsWith("\r\n\r\n")));
  const std::string part = ask(path, "Range: bytes=4-7\r\n");
  EXPECT_THAT(part, AllOf(StartsWith("HTTP/1.1 206 "), EndsWith("\r\n\r\nmoof")));
  EXPECT_THAT(ask(path, "Range: bytes=99999999-\r\n"), StartsWith("HTTP/1.1 416 "));
  for (const char* other : {"/live.hls/nothing.m4s", "/live.hls/../../../etc/passwd",
                            "/live.hls/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/live.hls/"})
    EXPECT_THAT(ask(other), StartsWith("HTTP/1.1 404 ")) << other;
}

TEST_F(HlsTest, WhenNobodyAsksForAMinuteTheProgramEnds) {
  start();
  PushSink sink;
  begin_push(sink, kH264);
  EXPECT_THAT(
      ask("/live", "Accept: text/html\r\n"),
      AllOf(HasSubstr("<video"), HasSubstr("connect-src 'self'; media-src 'self' blob:; base")))
      << "a page starts nothing";
  EXPECT_THAT(ask("/status.json"), HasSubstr("\"running\": false"));
  const std::string before = playlist();
  EXPECT_TRUE(status_has("\"running\": true, \"viewers\": 1"));
  later = 59;
  EXPECT_TRUE(status_has("\"running\": true, \"viewers\": 0"));
  later = 61;
  EXPECT_TRUE(status_has("\"running\": false"));
  EXPECT_THAT(server_log.text(), HasSubstr("nobody has asked for 60 s"));
  EXPECT_THAT(ask(first_segment(before)), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(playlist(), HasSubstr(".m4s")) << "and it begins again";
}

TEST_F(HlsTest, AProgramThatIsMissingIsNamedWithTheRemedy) {
  settings.hls.program = "/nowhere/ffmpeg";
  start();
  PushSink sink;
  begin_push(sink, kH264);
  EXPECT_THAT(ask("/live.m3u8"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: "),
                                       HasSubstr("the server's log says why")));
  EXPECT_THAT(server_log.text(),
              AllOf(HasSubstr("/nowhere/ffmpeg cannot be started: No such file or directory"),
                    HasSubstr("install FFmpeg")));
}

TEST_F(HlsTest, CopyOfWindowsMediaSaysToTranscode) {
  start();
  PushSink sink;
  begin_push(sink, kWmv);
  EXPECT_THAT(ask("/live.m3u8"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(server_log.text(), HasSubstr("use hls = \"transcode\""));
}

TEST_F(HlsTest, CopyOfBFramesSaysToPushWithoutThem) {
  start();
  PushSink sink;
  begin_push(sink, "-c:v libx264 -preset veryfast -bf 2 -pix_fmt yuv420p -g 7 -c:a aac -f asf");
  static_cast<void>(ask("/live.m3u8"));
  EXPECT_TRUE(log_has("-bf 0"));
}

TEST_F(HlsTest, AProgramThatDiesIsStartedAgainAfterPausesThatGrow) {
  use_script("echo x >> " + file("starts").string() + "\necho 'it is broken' >&2\nexit 3");
  start();
  const auto starts = [&] { return read_file(file("starts")).size() / 2; };
  PushSink sink;
  begin_push(sink, kH264);
  EXPECT_THAT(ask("/live.m3u8"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(server_log.text(), HasSubstr("it is broken"));
  EXPECT_EQ(starts(), 1u);
  later = later + 2;
  EXPECT_TRUE(status_has("\"failures\": 2"));
  EXPECT_EQ(starts(), 2u);
  EXPECT_THAT(ask("/live.m3u8"), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(starts(), 2u) << "two seconds have not passed";
  later = later + 3;
  EXPECT_TRUE(status_has("\"failures\": 3"));
}

TEST_F(HlsTest, AProgramThatHangsIsEndedAndSlowsNobody) {
  use_script("echo $$ > " + file("id").string() + "\ntrap '' TERM\nsleep 1000 & wait");
  settings.hls.queue = 1 << 20;
  settings.hls.first_wait = 100ms;
  start();
  PushSink sink;
  begin_packets(sink);
  EXPECT_THAT(ask("/live.m3u8"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("no segment yet")));
  push_packets(sink, 3000);  // 9.6 MB: more than pipe and queue take, and the push goes on
  ASSERT_TRUE(soon([&] { return !read_file(file("id")).empty(); }));
  const pid_t id = std::stoi(read_file(file("id")));
  later = 31;
  push_packets(sink, 1);
  EXPECT_TRUE(log_has("wrote no segment"));
  EXPECT_TRUE(soon([&] { return ::kill(-id, 0) != 0; })) << "with what it has started";
}

TEST_F(HlsTest, WhatAProgramDoesNotTakeIsLeftOutAndCounted) {
  // It takes what there is when it is told to.
  use_script("while [ ! -e " + file("go").string() + " ]; do sleep 0.01; done\ncat > /dev/null");
  settings.hls.queue = 1 << 20;
  settings.hls.first_wait = 100ms;
  start();
  PushSink sink;
  begin_packets(sink);
  static_cast<void>(ask("/live.m3u8"));
  push_packets(sink, 3000);
  std::ofstream(file("go")) << "now";
  ASSERT_TRUE(soon([&] {
    push_packets(sink, 1);
    return server_log.text().find("packets were left out") != std::string::npos;
  }));
  EXPECT_TRUE(status_has("\"packets_dropped\": "));
  EXPECT_THAT(ask("/status.json"), Not(HasSubstr("\"packets_dropped\": 0")));
}

TEST_F(HlsTest, NoProgramOutlivesTheServer) {
  use_script("echo $$ > " + file("id").string() + "\ntrap '' TERM\nsleep 1000 & wait");
  settings.hls.first_wait = 100ms;
  start();
  PushSink sink;
  begin_packets(sink);
  static_cast<void>(ask("/live.m3u8"));
  ASSERT_TRUE(soon([&] { return !read_file(file("id")).empty(); }));
  const pid_t id = std::stoi(read_file(file("id")));
  ASSERT_EQ(::kill(-id, 0), 0);
  server.reset();
  EXPECT_TRUE(soon([&] { return ::kill(-id, 0) != 0; }));
}

TEST_F(HlsTest, NoMorePointsHaveAProgramThanAreAllowed) {
  settings.points = {"/live", "/two"};
  settings.hls_points.push_back({.point = "/two", .mode = HlsMode::Copy});
  settings.hls.programs = 1;
  start();
  PushSink one;
  PushSink two;
  begin_push(one, kH264);
  begin_push(two, kH264, "/two");
  EXPECT_THAT(playlist(), HasSubstr(".m4s"));
  EXPECT_THAT(ask("/two.m3u8"), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("too many points")));
  EXPECT_EQ(server->limits_met()[pubpoint::Limit::HlsPrograms], 1u);
  later = 61;
  EXPECT_TRUE(status_has("\"running\": false"));
  EXPECT_THAT(playlist("/two.m3u8"), HasSubstr(".m4s")) << "nobody watches the other one any more";
}

TEST_F(HlsTest, ATokenIsPassedOnToTheSegmentsAndNeededThere) {
  settings.access.token_key = "0123456789abcdef";
  pubpoint::PointPattern pattern;
  ASSERT_EQ(pubpoint::PointPattern::parse("/live", pattern), "");
  const std::string token = pubpoint::make_token(settings.access.token_key, pattern,
                                                 std::chrono::system_clock::now() + 1h);
  start();
  PushSink sink;
  begin_push(sink, kH264);
  EXPECT_THAT(ask("/live.m3u8"), StartsWith("HTTP/1.1 403 "));
  const std::string let_in = ask("/live.m3u8?token=" + token);
  EXPECT_THAT(let_in, HasSubstr("Cache-Control: private, max-age=1\r\n"));
  const std::string segment = first_segment(body_of(let_in));
  EXPECT_THAT(segment, EndsWith(".m4s?token=" + token));
  EXPECT_THAT(ask(segment), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                  HasSubstr("Cache-Control: private, max-age=31536000")));
  EXPECT_THAT(ask(segment.substr(0, segment.find('?'))), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(playlist("/live.m3u8?token=" + token + "&a=\"\\<x>"),
              AllOf(HasSubstr("&a=%22%5C%3Cx%3E\"\n"), Not(HasSubstr("\\"))));
  EXPECT_THAT(server_log.text(), Not(HasSubstr(token)));
}

TEST_F(HlsTest, AHookIsAskedOnceForEachViewer) {
  std::ofstream(file("hook")) << "#!/bin/sh\ncat >> " << file("asked").string() << "\n[ ! -e "
                              << file("no").string() << " ]\n";
  std::filesystem::permissions(file("hook"), std::filesystem::perms::owner_all);
  settings.hooks.on_watch = file("hook").string();
  start();
  PushSink sink;
  begin_push(sink, kH264);
  EXPECT_THAT(ask("/live.m3u8"), HasSubstr("Cache-Control: private"));
  EXPECT_THAT(ask("/live.m3u8"), HasSubstr(".m4s"));
  const std::string asked = read_file(file("asked"));
  EXPECT_THAT(asked, HasSubstr("\"kind\": \"hls\""));
  EXPECT_EQ(std::count(asked.begin(), asked.end(), '\n'), 1);
  std::ofstream(file("no")) << "now";
  EXPECT_THAT(ask("/live.m3u8?another=viewer"), StartsWith("HTTP/1.1 403 "));
}

TEST_F(HlsTest, ViewersAreCountedOnceWithinALimit) {
  settings.limits.point_viewers = 2;
  start();
  PushSink sink;
  begin_push(sink, kH264);
  for (int i = 0; i < 3; ++i) static_cast<void>(ask("/live.m3u8"));
  EXPECT_THAT(ask("/status.json"), HasSubstr("\"running\": true, \"viewers\": 1"));
  EXPECT_THAT(ask("/live.m3u8?second"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(ask("/live.m3u8?third"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(ask("/metrics"), AllOf(HasSubstr("\nwmpush_hls_viewers{point=\"/live\"} 2\n"),
                                     HasSubstr("\nwmpush_hls_running{point=\"/live\"} 1\n")));
}

TEST_F(HlsTest, AnEdgeAsksItsOriginForABrowser) {
  Server origin({});
  PushSink sink;
  ASSERT_EQ(sink.Connect(origin.url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip(kH264))), Result::S_OK);
  settings.origins = {
      {.point = "/live", .url = "http://127.0.0.1:" + std::to_string(origin.port()) + "/live"}};
  start();
  EXPECT_THAT(playlist(), HasSubstr(".m4s"));
}

}  // namespace
}  // namespace wmpush::test
