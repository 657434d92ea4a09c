// Pictures of what is on air, as browsers ask for them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>

#include "pubpoint/picture/picture_process.hpp"
#include "pubpoint/picture/pictures.hpp"
#include "pubpoint/server.hpp"
#include "support/clip.hpp"
#include "support/raw_client.hpp"
#include "support/server_log.hpp"
#include "support/soon.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::MadePicture;
using pubpoint::PictureProcess;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Width and height of a JPEG, from its frame header.
std::pair<unsigned, unsigned> size_of(std::string_view jpeg) {
  const auto byte = [&](std::size_t at) -> unsigned {
    return static_cast<unsigned char>(jpeg[at]);
  };
  for (std::size_t at = 2; at + 9 < jpeg.size() && byte(at) == 0xFF;) {
    if (byte(at + 1) == 0xC0)
      return {byte(at + 7) << 8 | byte(at + 8), byte(at + 5) << 8 | byte(at + 6)};
    at += 2u + (byte(at + 2) << 8 | byte(at + 3));
  }
  return {};
}

/// The brightness of each pixel, 0 to 255, of the last picture that ffmpeg decodes, 320 by 240.
std::string grey_of(const std::string& bytes, const std::string& options = {}) {
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "in").string();
  const std::string grey = (folder.path() / "grey").string();
  std::ofstream(file, std::ios::binary) << bytes;
  const std::string command = "ffmpeg -v error -nostdin " + options + " -i '" + file +
                              "' -vf scale=320:240:flags=area:out_range=full -f rawvideo "
                              "-pix_fmt gray -y '" +
                              grey + "' 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
  const std::string all = read_file(grey);
  return all.substr(all.size() - std::min<std::size_t>(all.size(), 320 * 240));
}

/// Of two pictures, in brightness, for a pixel.
double difference(const std::string& a, const std::string& b) {
  EXPECT_EQ(a.size(), 320u * 240u);
  EXPECT_EQ(b.size(), a.size());
  double all = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    all += std::abs(static_cast<unsigned char>(a[i]) - static_cast<unsigned char>(b[i]));
  return all / static_cast<double>(a.size());
}

class PictureTest : public testing::Test {
 protected:
  void start(Settings settings = {}, const std::string& program = PICTURE_PROGRAM) {
    settings.pictures.program = program;
    settings.now = [this] { return now.load(); };
    log.keep(settings);
    server = std::make_unique<Server>(std::move(settings));
  }
  std::string get(const std::string& path, const std::string& fields = {}) const {
    return ask("GET " + path, fields);
  }
  std::string ask(const std::string& what, const std::string& fields = {}) const {
    RawClient client(server->port());
    client.send(what + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n");
    return client.read_to_end();
  }
  static std::string body_of(const std::string& response) {
    return response.substr(std::min(response.find("\r\n\r\n") + 4, response.size()));
  }
  /// Pushes what ffmpeg makes for these arguments, up to its end, which the caller's sink keeps.
  void push(PushSink& sink, std::string_view arguments = "-f asf") const {
    ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
    ASSERT_EQ(sink.write(as_bytes(clip(arguments))), Result::S_OK);
    ASSERT_TRUE(server->wait_for(
        [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  }
  /// A program in place of ours: a script that a shell runs.
  std::string program(const std::string& script) {
    const auto file = folder.path() / "program";
    std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    return file.string();
  }

  std::atomic<pubpoint::Clock::time_point> now{pubpoint::Clock::now()};
  TemporaryDirectory folder;
  ServerLog log;
  std::unique_ptr<Server> server;
};

TEST_F(PictureTest, ShowsTheLastKeyFrameOfWhatIsPushed) {
  for (const char* const codec : {"-f asf", "-c:v wmv1 -f asf", "-c:v msmpeg4 -f asf",
                                  "-c:v libx264 -pix_fmt yuv420p -bf 2 -c:a aac -g 8 -f asf",
                                  "-c:v mjpeg -f asf", "-g 5 -b:v 60k -packet_size 6000 -f asf"}) {
    start();
    PushSink sink;
    push(sink, codec);
    const std::string response = get("/live.jpg");
    ASSERT_THAT(response,
                AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Type: image/jpeg\r\n"),
                      HasSubstr("Cache-Control: no-cache\r\n")))
        << codec;
    const std::string jpeg = body_of(response);
    EXPECT_EQ(size_of(jpeg), std::pair(320u, 240u)) << codec;
    // Whole, and not what is left of the pictures before it.
    EXPECT_LT(difference(grey_of(jpeg), grey_of(clip(codec), "-skip_frame nokey")), 4) << codec;
  }
}

TEST_F(PictureTest, IsMadeOnceForEveryoneAndSentOnlyToWhoDoesNotHaveIt) {
  start();
  PushSink sink;
  push(sink);
  const std::string first = get("/live.jpg");
  const std::string etag(field_of(first, "ETag"));
  ASSERT_THAT(etag, StartsWith("\""));
  EXPECT_EQ(get("/live.jpg"), first);
  const std::string known = get("/live.jpg", "If-None-Match: " + etag + "\r\n");
  EXPECT_THAT(known, AllOf(StartsWith("HTTP/1.1 304 Not Modified\r\n"), HasSubstr(etag)));
  EXPECT_THAT(body_of(known), IsEmpty());
  const std::string head = ask("HEAD /live.jpg");
  EXPECT_EQ(head, first.substr(0, first.find("\r\n\r\n") + 4));
}

TEST_F(PictureTest, ARequestThatComesWhileItIsMadeIsAnsweredBehindIt) {
  start();
  PushSink sink;
  push(sink);
  RawClient client(server->port());
  client.send("GET /live.jpg HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n");
  client.send("Connection: close\r\n\r\n");
  const std::string answers = client.read_to_end();
  EXPECT_THAT(answers, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("image/jpeg"),
                             testing::EndsWith("\r\n\r\nok\n")));
}

TEST_F(PictureTest, ItsProgramHasNothingOfWhatIsForUsAlone) {
  start({}, program("env > " + (folder.path() / "environment").string()));
  ::setenv("WMPUSH_PASSWORD", "secret", 1);
  PushSink sink;
  push(sink);
  EXPECT_THAT(get("/live.jpg"), StartsWith("HTTP/1.1 503 "));
  ::unsetenv("WMPUSH_PASSWORD");
  const std::string environment = read_file(folder.path() / "environment");
  EXPECT_THAT(environment, AllOf(HasSubstr("PATH="), Not(HasSubstr("WMPUSH_PASSWORD"))));
}

TEST_F(PictureTest, IsNewForANewKeyFrameButNotWithinTheInterval) {
  Settings settings;
  settings.pictures.interval = 1000ms;
  start(settings);
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
  const std::string& all = clip("-g 15 -f asf -packet_size 600");
  const std::size_t half = all.size() / 2;
  ASSERT_EQ(sink.write(as_bytes(all).first(half)), Result::S_OK);
  ASSERT_TRUE(server->wait_for(
      [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  const std::string first = body_of(get("/live.jpg"));
  ASSERT_EQ(size_of(first), std::pair(320u, 240u));
  ASSERT_EQ(sink.write(as_bytes(all).subspan(half)), Result::S_OK);
  ASSERT_TRUE(server->wait_for(
      [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  EXPECT_EQ(body_of(get("/live.jpg")), first);
  now = now.load() + 1001ms;
  const std::string second = body_of(get("/live.jpg"));
  EXPECT_EQ(size_of(second), std::pair(320u, 240u));
  EXPECT_NE(second, first);
}

TEST_F(PictureTest, WhereThereIsNoneItIsSaidWhy) {
  start();
  const auto not_found = [&](const std::string& why) {
    return AllOf(StartsWith("HTTP/1.1 404 Not Found\r\n"), HasSubstr("\r\n\r\n" + why));
  };
  EXPECT_THAT(get("/live.jpg"), not_found("there is no picture on air at /live\n"));
  EXPECT_THAT(get("/other.jpg"), StartsWith("HTTP/1.1 404 Not Found\r\n"));
  {
    PushSink sink;
    push(sink, "-vn -f asf");
    EXPECT_THAT(get("/live.jpg"), not_found("there is no picture on air at /live\n"));
    EXPECT_EQ(sink.EndSession(), Result::S_OK);
  }
  start({}, "");
  PushSink sink;
  push(sink);
  EXPECT_THAT(get("/live.jpg"), not_found("this server makes no pictures"));
}

TEST_F(PictureTest, ThePageShowsItWhereThereIsOne) {
  start();
  const std::string html = "Accept: text/html\r\n";
  PushSink sink;
  push(sink);
  EXPECT_THAT(get("/", html), HasSubstr("<img src=\"/live.jpg\" alt=\"What is on air at /live\""));
  EXPECT_THAT(get("/live?a=b", html),
              AllOf(HasSubstr("<img src=\"/live.jpg?a=b\""), Not(HasSubstr(" hidden>"))));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  EXPECT_THAT(get("/", html), HasSubstr(" hidden></p>"));
  start({}, "");
  PushSink again;
  push(again);
  EXPECT_THAT(get("/", html), Not(HasSubstr("<img")));
}

TEST_F(PictureTest, IsForThoseWhoMayWatch) {
  Settings settings;
  settings.access.token_key = "key of tokens";
  start(settings);
  PushSink sink;
  push(sink);
  EXPECT_THAT(get("/live.jpg"), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(get("/live.jpg?token=1-2"), StartsWith("HTTP/1.1 403 "));
  // A page that everybody may see asks nobody for a password.
  EXPECT_THAT(get("/", "Accept: text/html\r\n"), Not(HasSubstr("<img")));
}

TEST_F(PictureTest, APointOfItsNameWins) {
  Settings settings;
  settings.points = {"/live", "/live.jpg"};
  start(settings);
  PushSink sink;
  push(sink);
  EXPECT_THAT(get("/live.jpg", "Accept: text/html\r\n"), HasSubstr("<h1>/live.jpg</h1>"));
}

TEST_F(PictureTest, AProgramThatHangsIsEndedAndHoldsNobodyUp) {
  Settings settings;
  settings.pictures.timeout = 200ms;
  start(settings, program("exec sleep 60"));
  PushSink sink;
  push(sink);
  const std::string response = get("/live.jpg");
  EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 10\r\n")));
  EXPECT_THAT(log.text(),
              HasSubstr("no picture of /live: wmpush-picture: it had no picture after 200 ms, and "
                        "was ended; the next try is in 10 s"));
  // It is not started again and again.
  EXPECT_EQ(get("/live.jpg"), response);
}

TEST_F(PictureTest, TheEndOfTheServerDoesNotWaitForIt) {
  Settings settings;
  settings.pictures.timeout = 60'000ms;
  start(settings, program("touch " + (folder.path() / "runs").string() + "; exec sleep 60"));
  PushSink sink;
  push(sink);
  RawClient client(server->port());
  client.send("GET /live.jpg HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(soon([&] { return std::filesystem::exists(folder.path() / "runs"); }));
  const auto begun = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 20s);
}

TEST(PictureProgram, WhatItDoesWrongIsSaidAndTheNextPictureIsMadeByANewOne) {
  const TemporaryDirectory folder;
  const std::string file = (folder.path() / "program").string();
  const auto write = [&](const std::string& script) {
    std::ofstream(file) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  };
  PictureProcess process(file, 20'000ms);
  const std::vector<std::byte> asf(100);
  EXPECT_THAT(process.make(asf, 320).why, HasSubstr("program cannot be started: No such file"));
  write("kill -SEGV $$");
  EXPECT_EQ(process.make(asf, 320).why, "it has ended");
  // A head that says 4 GB less a byte.
  write("printf '\\001\\000\\000\\000\\377\\377\\377\\377'; exec cat > /dev/null");
  EXPECT_EQ(process.make(asf, 320).why, "it has answered 4294967295 bytes");
  write("printf '\\001\\000\\000\\000\\003\\000\\000\\000abc'; exec cat > /dev/null");
  const MadePicture made = process.make(asf, 320);
  EXPECT_EQ(made.what, MadePicture::What::Picture);
  EXPECT_EQ(made.jpeg, "abc");
  EXPECT_TRUE(process.is_running());
}

TEST(PictureProgram, SurvivesOrEndsButNeverHangsOnDamagedStreams) {
  std::mt19937 random(1);
  PictureProcess process(PICTURE_PROGRAM, 20'000ms);
  std::size_t pictures = 0;
  const std::string& whole = clip("-f asf -packet_size 1200");
  for (int round = 0; round < 100; ++round) {
    std::string asf = whole.substr(0, 12'000);
    const auto damages = random() % 20;
    for (unsigned i = 0; i < damages; ++i) asf[random() % asf.size()] = static_cast<char>(random());
    if (random() % 4 == 0) asf.resize(random() % asf.size());
    const MadePicture made = process.make(as_bytes(asf), 320);
    EXPECT_THAT(made.why, Not(HasSubstr("after 20000 ms")));
    pictures += made.what == MadePicture::What::Picture ? 1 : 0;
    EXPECT_NE(made.jpeg.empty(), made.why.empty());
  }
  EXPECT_GT(pictures, 10u);
  EXPECT_EQ(process.make(as_bytes(whole), 320).what, MadePicture::What::Picture);
}

TEST(PictureProgram, LetsNothingLargerThanItsLimitBeDecoded) {
  PictureProcess process(PICTURE_PROGRAM, 20'000ms);
  // 8000 by 6000, as the header says.
  std::string asf = clip("-f asf");
  const std::string size("\xa0\0\0\0\x78\0\0\0", 8);
  const std::string large("\x40\x1f\0\0\x70\x17\0\0", 8);
  std::size_t changed = 0;
  for (std::size_t at = asf.find(size); at != asf.npos && at < 5000; at = asf.find(size, at + 1)) {
    asf.replace(at, size.size(), large);
    ++changed;
  }
  ASSERT_GT(changed, 0u);
  const MadePicture made = process.make(as_bytes(asf), 320);
  EXPECT_EQ(made.what, MadePicture::What::None);
  EXPECT_THAT(made.why, Not(IsEmpty()));
}

}  // namespace
}  // namespace wmpush::test
