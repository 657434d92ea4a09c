// Administration over real sockets: by the forms of a browser, and by scripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <mutex>

#include "asf/header.hpp"
#include "asf/payload.hpp"
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
using pubpoint::Hash;
using pubpoint::PointPattern;
using pubpoint::Right;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPassword = "sesam";
const std::string kRoot = "Authorization: Basic cm9vdDpzZXNhbQ==\r\n";  // root:sesam
const std::string kEve = "Authorization: Basic ZXZlOnNlc2Ft\r\n";       // eve:sesam, who may watch
const std::string kWrong = "Authorization: Basic cm9vdDpzaW1zYWxhYmlt\r\n";  // root:simsalabim
const std::string kBrowser = "Accept: text/html\r\nUser-Agent: Mozilla/5.0\r\n";
const std::string kSameOrigin = "Origin: http://radio.example:8080\r\n";

class AdminTest : public testing::Test {
 protected:
  AdminTest() {
    settings.points = {"/live", "/other"};
    settings.now = [this] { return begin + std::chrono::seconds(seconds); };
    for (const char* user : {"root", "eve"})
      settings.access.users.add(user, "radio", kPassword, Hash::Md5);
    settings.access.users.grant({"root", {Right::Administer}, {PointPattern()}});
    settings.access.users.grant({"eve", {Right::Watch}, {PointPattern()}});
    settings.access.users.grant({"*", {Right::Push, Right::Watch}, {PointPattern()}});
    settings.log = [this](const std::string& line) {
      const std::lock_guard lock(mutex);
      log += line + "\n";
    };
  }
  ~AdminTest() override { server.reset(); }

  void start() { server = std::make_unique<Server>(settings); }
  std::string ask(const std::string& request) const {
    RawClient client(server->port());
    client.send(request);
    return client.read_to_end();
  }
  std::string get(const std::string& path, const std::string& more = kRoot) const {
    return ask("GET " + path + " HTTP/1.1\r\nHost: radio.example:8080\r\nConnection: close\r\n" +
               kBrowser + more + "\r\n");
  }
  std::string post(const std::string& form, const std::string& more,
                   const std::string& point = "/live") const {
    return ask("POST /admin?point=" + point +
               " HTTP/1.1\r\nHost: radio.example:8080\r\nConnection: close\r\n"
               "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
               std::to_string(form.size()) + "\r\n" + more + "\r\n" + form);
  }
  /// A form as the page had it, sent as a browser does.
  std::string submit(const std::string& fields) {
    return post(fields + "&token=" + token(), kBrowser + kSameOrigin + kRoot);
  }
  std::string token() {
    const std::string page = get("/admin?point=/live");
    constexpr std::string_view kField = "name=\"token\" value=\"";
    const std::size_t at = page.find(kField);
    if (at == page.npos) return last_token;  // of a page that was loaded before
    const std::size_t from = at + kField.size();
    return last_token = page.substr(from, page.find('"', from) - from);
  }
  /// Follows a 303, as a browser does.
  std::string page_after(const std::string& response) const {
    EXPECT_THAT(response, StartsWith("HTTP/1.1 303 See Other\r\n"));
    return get(field_of(response, "Location"));
  }
  /// An encoder that has sent its header and a key frame.
  std::unique_ptr<RawClient> begin_push() {
    auto encoder = std::make_unique<RawClient>(server->port());
    encoder->send(RequestText::setup().text());
    encoder->send(RequestText::start(push_id_of(encoder->read_response())).text());
    encoder->send(frame(wmhttp::FrameId::Header, video_header(200)) + picture(0, true));
    EXPECT_TRUE(server->wait_for([&] {
      return !server->sessions().empty() && server->sessions().back().receiving &&
             server->sessions().back().packets == 1;
    }));
    return encoder;
  }
  static std::string picture(std::uint32_t time, bool key_frame) {
    PacketSpec spec;
    spec.send_time = time;
    spec.payloads = {{.stream = 1,
                      .key_frame = key_frame,
                      .media_object = static_cast<std::uint8_t>(time / 40),
                      .media_object_size = 100,
                      .presentation_time = time,
                      .size = 100}};
    return frame(wmhttp::FrameId::Data, make_packet(spec));
  }
  std::unique_ptr<RawClient> begin_watching(const std::string& agent = "VLC") const {
    auto viewer = std::make_unique<RawClient>(server->port());
    viewer->send("GET /live HTTP/1.1\r\nHost: x\r\nUser-Agent: " + agent + "\r\n\r\n");
    EXPECT_THAT(viewer->read_response(), HasSubstr(" 200 OK\r\n"));
    return viewer;
  }
  std::string logged() {
    const std::lock_guard lock(mutex);
    return log;
  }

  Settings settings;
  const pubpoint::Clock::time_point begin = pubpoint::Clock::now();
  std::atomic<int> seconds{0};
  std::mutex mutex;
  std::string log;
  std::string last_token;
  std::unique_ptr<Server> server;
};

TEST_F(AdminTest, ThePageIsForThoseWhoShowAPasswordAndMayAdminister) {
  start();
  const std::string unknown = get("/admin?point=/live", "");
  EXPECT_THAT(unknown, AllOf(StartsWith("HTTP/1.1 401 "), HasSubstr("Digest realm=\"radio\""),
                             HasSubstr("Basic realm=\"radio\"")));
  EXPECT_THAT(get("/admin", ""), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(get("/admin?point=/live", kWrong), StartsWith("HTTP/1.1 401 "));
  for (const char* path : {"/admin", "/admin?point=/live"}) {
    EXPECT_THAT(get(path, kEve), StartsWith("HTTP/1.1 403 ")) << "she may watch, and no more";
    seconds += 2;  // of what is refused to one address a line is logged every second
  }
  const std::string page = get("/admin?point=/live");
  EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Signed in as root"),
                          HasSubstr("Nobody pushes."), HasSubstr("Cache-Control: no-store")));
  EXPECT_EQ(field_of(page, "Content-Security-Policy"),
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action "
            "'self'; frame-ancestors 'none'");
  EXPECT_EQ(field_of(page, "Referrer-Policy"), "same-origin") << "or the Origin of forms is null";
  EXPECT_THAT(get("/admin"), AllOf(HasSubstr("href=\"/admin?point=/live\""),
                                   HasSubstr("href=\"/admin?point=/other\"")));
  EXPECT_THAT(get("/admin?point=/none"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("HEAD /admin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + kRoot + "\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 "), testing::EndsWith("\r\n\r\n")));
  EXPECT_THAT(logged(), AllOf(HasSubstr("'eve' may not administer any point"),
                              HasSubstr("'eve' may not administer /live"),
                              Not(HasSubstr(kPassword)), Not(HasSubstr("simsalabim"))));
}

TEST_F(AdminTest, EveryoneAdministersOnlyHisPoints) {
  settings.access.users.add("ali", "radio", kPassword, Hash::Md5);
  PointPattern other;
  ASSERT_EQ(PointPattern::parse("/other", other), "");
  settings.access.users.grant({"ali", {Right::Administer}, {other}});
  start();
  const std::string ali = "Authorization: Basic YWxpOnNlc2Ft\r\n";  // ali:sesam
  EXPECT_THAT(get("/admin", ali), AllOf(HasSubstr("point=/other"), Not(HasSubstr("point=/live"))));
  EXPECT_THAT(get("/admin?point=/live", ali), StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(post("action=end_push", ali), StartsWith("HTTP/1.1 403 "));
}

TEST_F(AdminTest, ThePageLeadsToItOnlyWhereSomebodyMay) {
  start();
  EXPECT_THAT(get("/", ""), HasSubstr("<a href=\"/admin\">administer</a>"));
  EXPECT_THAT(get("/live", ""), HasSubstr("<a href=\"/admin?point=/live\">administer</a>"));
  settings.access = {};
  ASSERT_EQ(server->reload(settings), "");
  EXPECT_THAT(get("/", ""), Not(HasSubstr("administer")));
  EXPECT_THAT(get("/live", ""), Not(HasSubstr("administer")));
  for (const std::string& credentials : {std::string(), kRoot})
    EXPECT_THAT(get("/admin", credentials),
                AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("nobody may administer here")));
  EXPECT_THAT(post("action=end_push", ""), StartsWith("HTTP/1.1 403 "));
}

TEST_F(AdminTest, WhatEverybodyMayIsNotToAdminister) {
  settings.access.users.grant({"*", {Right::Administer}, {PointPattern()}});
  start();
  EXPECT_THAT(get("/admin?point=/live", ""), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(get("/admin?point=/live", kEve), StartsWith("HTTP/1.1 200 ")) << "with a password";
}

TEST_F(AdminTest, AnEncoderIsDisconnectedAndItsViewersWaitForAnother) {
  start();
  const auto encoder = begin_push();
  const auto viewer = begin_watching();
  const std::string peer = server->sessions().back().peer;
  const std::string page = page_after(submit("action=disconnect_encoder&encoder=" + peer));
  EXPECT_THAT(page, AllOf(HasSubstr("The encoder " + peer + " was disconnected from /live."),
                          HasSubstr("Nobody pushes."), HasSubstr("data-state=\"waiting\"")));
  EXPECT_EQ(status_of(encoder->read_response()), 503);
  EXPECT_EQ(server->sessions().back().ended_because, "disconnected by the administrator 'root'");
  EXPECT_FALSE(server->sessions().back().end_of_stream);
  EXPECT_EQ(server->viewers().size(), 1u);
  EXPECT_THAT(logged(), AllOf(HasSubstr("administrator 'root' at 127.0.0.1:"),
                              HasSubstr("disconnect_encoder: The encoder " + peer)));
  // Another one goes on.
  const auto next = begin_push();
  EXPECT_EQ(server->viewers().size(), 1u);
}

TEST_F(AdminTest, APushIsEndedForItsViewersToo) {
  start();
  const auto encoder = begin_push();
  const auto viewer = begin_watching();
  EXPECT_THAT(
      page_after(submit("action=end_push")),
      AllOf(HasSubstr("was ended, for its viewers as well."), HasSubstr("data-state=\"off\"")));
  EXPECT_EQ(status_of(encoder->read_response()), 503);
  viewer->read_to_end();
  EXPECT_EQ(viewer->ending(), RawClient::Ending::Closed);
  EXPECT_TRUE(server->sessions().back().end_of_stream);
  EXPECT_EQ(server->sessions().back().ended_because, "ended by the administrator 'root'");
}

TEST_F(AdminTest, AStreamThatItsEncoderHasLeftIsEndedForThoseWhoWait) {
  start();
  const auto encoder = begin_push();
  const auto viewer = begin_watching();
  page_after(submit("action=disconnect_encoder"));
  EXPECT_EQ(server->viewers().size(), 1u);
  EXPECT_THAT(page_after(submit("action=end_push")), HasSubstr("was ended for its viewers."));
  viewer->read_to_end();
  EXPECT_EQ(viewer->ending(), RawClient::Ending::Closed);
  EXPECT_THAT(page_after(submit("action=end_push")), HasSubstr("Nothing was done: nobody pushes"));
}

TEST_F(AdminTest, AViewerIsDisconnectedAndOthersStay) {
  start();
  const auto encoder = begin_push();
  const auto first = begin_watching();
  const auto second = begin_watching();
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 2; }));
  const std::string number = std::to_string(server->viewers().front()->number);
  const std::string peer = server->viewers().front()->peer;
  EXPECT_THAT(get("/admin?point=/live"),
              AllOf(HasSubstr(">" + peer + "</th>"),
                    HasSubstr("name=\"viewer\" value=\"" + number + "\"")));
  EXPECT_THAT(page_after(submit("action=disconnect_viewer&viewer=" + number)),
              HasSubstr("The viewer " + peer + " was disconnected from /live."));
  first->read_to_end();
  EXPECT_NE(first->ending(), RawClient::Ending::None);
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  EXPECT_NE(server->viewers().front()->peer, peer);
  EXPECT_THAT(logged(), HasSubstr("disconnect_viewer: The viewer " + peer));
  // The form that is on the page still: of a viewer that has gone.
  EXPECT_THAT(page_after(submit("action=disconnect_viewer&viewer=" + number)),
              HasSubstr("Nothing was done: viewer " + number + " of /live has gone."));
  const std::string left = std::to_string(server->viewers().front()->number);
  EXPECT_THAT(post("action=disconnect_viewer&viewer=" + left, kRoot, "/other"),
              AllOf(StartsWith("HTTP/1.1 409 "), HasSubstr("viewer " + left + " of /other")))
      << "it watches another point";
  EXPECT_EQ(server->viewers().size(), 1u);
  // A script has read its address in an event, or in a log.
  EXPECT_THAT(post("action=disconnect_viewer&viewer=" + server->viewers().front()->peer, kRoot),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(server->wait_for([&] { return server->viewers().empty(); }));
}

TEST_F(AdminTest, AFormThatIsOfAnotherEncoderDoesTheNewOneNoHarm) {
  start();
  auto encoder = begin_push();
  const std::string peer = server->sessions().back().peer;
  token();
  encoder->send(end_frame());
  encoder->read_to_end();
  EXPECT_THAT(page_after(submit("action=disconnect_encoder&encoder=" + peer)),
              HasSubstr("Nothing was done: nobody pushes to /live any more."));
  const auto next = begin_push();
  for (const char* action : {"disconnect_encoder", "end_push", "stop_recording"})
    EXPECT_THAT(page_after(submit(std::string("action=") + action + "&encoder=" + peer)),
                AllOf(HasSubstr("Nothing was done"), HasSubstr("has gone")))
        << action;
  EXPECT_TRUE(server->sessions().back().receiving);
}

TEST_F(AdminTest, AFormOfAPointThatHasGoneLeadsToTheOthers) {
  start();
  EXPECT_THAT(page_after(post("action=end_push&token=" + (begin_push(), token()),
                              kBrowser + kSameOrigin + kRoot, "/none")),
              AllOf(HasSubstr("there is no publishing point /none any more"),
                    HasSubstr("href=\"/admin?point=/other\"")));
}

TEST_F(AdminTest, ARecordingIsStoppedAndBegunWithTheNextKeyFrame) {
  const TemporaryDirectory directory;
  const std::string heard = (directory.path() / "heard").string();
  settings.record = directory.path() / "recordings";
  settings.record_name = "{point}";
  const auto hook = directory.path() / "hook";
  std::ofstream(hook) << "#!/bin/sh\ncat >> '" << heard << "'\n";
  std::filesystem::permissions(hook, std::filesystem::perms::owner_all);
  settings.hooks.on_record = hook.string();
  start();
  auto encoder = begin_push();
  EXPECT_THAT(get("/admin?point=/live"),
              AllOf(HasSubstr("The push is recorded."), HasSubstr("value=\"stop_recording\"")));
  EXPECT_THAT(page_after(submit("action=start_recording")), HasSubstr("is recorded already"));
  EXPECT_THAT(page_after(submit("action=stop_recording")),
              AllOf(HasSubstr("was stopped"), HasSubstr("The push is not recorded."),
                    HasSubstr("value=\"start_recording\"")));
  EXPECT_THAT(page_after(submit("action=stop_recording")), HasSubstr("is not recorded."));
  EXPECT_TRUE(soon([&] { return read_file(heard).find("live.asf") != std::string::npos; }));
  EXPECT_TRUE(server->sessions().back().receiving) << "the push goes on";

  encoder->send(picture(40, false));
  ASSERT_TRUE(server->wait_for([&] { return server->sessions().back().packets == 2; }));
  EXPECT_THAT(page_after(submit("action=start_recording")), HasSubstr("with the next key frame"));
  // The key frame begins in a packet that has the rest of the picture before it.
  PacketSpec both;
  both.send_time = 120;
  both.payloads = {{.stream = 1,
                    .media_object = 2,
                    .offset = 50,
                    .media_object_size = 100,
                    .presentation_time = 80,
                    .size = 50},
                   {.stream = 1,
                    .key_frame = true,
                    .media_object = 3,
                    .media_object_size = 50,
                    .presentation_time = 120,
                    .size = 50}};
  encoder->send(picture(80, false) + frame(wmhttp::FrameId::Data, make_packet(both)) +
                picture(160, false));
  ASSERT_TRUE(server->wait_for([&] { return server->sessions().back().packets == 5; }));
  page_after(submit("action=stop_recording"));
  EXPECT_TRUE(soon([&] { return read_file(heard).find("live-2.asf") != std::string::npos; }));
  const std::string page = get("/admin?point=/live");
  EXPECT_THAT(page, AllOf(HasSubstr(">live.asf</th>"), HasSubstr(">live-2.asf</th>")));
  encoder->send(picture(200, true) + end_frame());
  encoder->read_to_end();
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  const auto report = server->sessions().back();
  EXPECT_EQ(report.recording_error, "");
  EXPECT_THAT(report.recordings,
              testing::ElementsAre(settings.record / "live.asf", settings.record / "live-2.asf"));
  const auto packets_of = [](const std::filesystem::path& file) {
    asf::Header header;
    const std::string bytes = read_file(file);
    EXPECT_FALSE(asf::parse_header(as_bytes(bytes), header));
    return load_le<std::uint64_t>(as_bytes(bytes), header.data_object + 40);
  };
  EXPECT_EQ(packets_of(report.recordings[0]), 1u);
  EXPECT_EQ(packets_of(report.recordings[1]), 2u) << "the key frame, and what came behind it";
  const std::string bytes = read_file(report.recordings[1]);
  asf::Header header;
  ASSERT_FALSE(asf::parse_header(as_bytes(bytes), header));
  const Bytes first = as_bytes(bytes).subspan(header.data_object + 50, 200);
  asf::DataPacket packet;
  ASSERT_TRUE(asf::DataPacket::parse(first, packet));
  asf::PayloadReader payloads(first, packet);
  asf::Payload payload;
  ASSERT_TRUE(payloads.next(payload));
  EXPECT_TRUE(payload.key_frame) << "without the rest of the picture before it";
  EXPECT_EQ(payload.presentation_time, 0u);
  EXPECT_FALSE(payloads.next(payload));
}

TEST_F(AdminTest, WhatIsRecordedInTheMiddleOfAPushPlays) {
  const TemporaryDirectory directory;
  settings.record = directory.path();
  settings.record_name = "part";
  start();
  const std::string& stream = clip("-g 5 -f asf");
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url("/live")), Result::S_OK);
  const auto write = [&](std::size_t from, std::size_t to) {
    ASSERT_EQ(sink.write(as_bytes(stream).subspan(from, to - from)), Result::S_OK);
    ASSERT_TRUE(server->wait_for(
        [&] { return server->sessions().back().packets == sink.stats().packets_sent; }));
  };
  write(0, stream.size() / 4);
  EXPECT_THAT(post("action=stop_recording", kRoot), StartsWith("HTTP/1.1 200 "));
  write(stream.size() / 4, stream.size() / 2);
  EXPECT_THAT(post("action=start_recording", kRoot), StartsWith("HTTP/1.1 200 "));
  write(stream.size() / 2, stream.size());
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  const auto report = server->sessions().back();
  ASSERT_EQ(report.recordings.size(), 2u);
  for (const auto& file : report.recordings) {
    ChildProcess decode(
        {"ffmpeg", "-v", "error", "-nostdin", "-i", file.string(), "-f", "null", "-"});
    EXPECT_EQ(decode.wait(), 0) << file;
    EXPECT_EQ(decode.error_text(), "") << file;
    ChildProcess probe({"ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                        "packet=flags", "-of", "csv=p=0", file.string()});
    ASSERT_EQ(probe.wait(), 0);
    EXPECT_THAT(probe.output(), StartsWith("K")) << file;
  }
}

TEST_F(AdminTest, WithoutADirectoryNothingIsRecorded) {
  start();
  const auto encoder = begin_push();
  EXPECT_THAT(get("/admin?point=/live"), Not(HasSubstr("_recording\"")));
  EXPECT_THAT(page_after(submit("action=start_recording")),
              HasSubstr("Nothing was done: the server has no directory for recordings."));
}

TEST_F(AdminTest, AFormNeedsATokenOfThisServerForThisUser) {
  start();
  const auto encoder = begin_push();
  const std::string good = token();
  ASSERT_NE(good, "");
  const std::string fields = kBrowser + kSameOrigin + kRoot;
  for (const std::string& form :
       {std::string("action=end_push"), std::string("action=end_push&token="),
        "action=end_push&token=" + good + "x", "action=end_push&token=1" + good,
        std::string("action=end_push&token=0.0")}) {
    const std::string response = post(form, fields);
    EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("Nothing was done"),
                                HasSubstr("name=\"token\"")))
        << form << ": with a form that will do";
  }
  seconds = 3600;
  EXPECT_THAT(post("action=end_push&token=" + good, fields),
              AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("more than an hour ago")));
  EXPECT_TRUE(server->sessions().back().receiving);
  EXPECT_THAT(logged(), AllOf(HasSubstr("is refused: its token"), Not(HasSubstr(good))));
}

TEST_F(AdminTest, ATokenOfAnotherUserIsNone) {
  settings.access.users.add("ali", "radio", kPassword, Hash::Md5);
  settings.access.users.grant({"ali", {Right::Administer}, {PointPattern()}});
  start();
  const auto encoder = begin_push();
  const std::string ali = "Authorization: Basic YWxpOnNlc2Ft\r\n";  // ali:sesam
  EXPECT_THAT(post("action=end_push&token=" + token(), kBrowser + kSameOrigin + ali),
              StartsWith("HTTP/1.1 403 "));
  EXPECT_TRUE(server->sessions().back().receiving);
}

TEST_F(AdminTest, AFormOfAnotherSiteIsRefusedBeforeAPasswordIsAskedFor) {
  start();
  const auto encoder = begin_push();
  const std::string form = "action=end_push&token=" + token();
  for (const char* foreign :
       {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Origin: http://radio.example\r\n",
        "Origin: http://radio.example:8080.evil.example\r\n",
        "Origin: http://radio.example:8080\r\nSec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n"})
    for (const std::string& credentials : {std::string(), kRoot}) {
      const std::string response = post(form, kBrowser + foreign + credentials);
      EXPECT_THAT(response, AllOf(StartsWith("HTTP/1.1 403 "), HasSubstr("a form of another site"),
                                  Not(HasSubstr("WWW-Authenticate"))))
          << foreign;
    }
  EXPECT_TRUE(server->sessions().back().receiving);
  EXPECT_THAT(logged(), HasSubstr("a form to administer is refused"));
  // A proxy that speaks TLS to browsers changes the scheme, and nothing else.
  EXPECT_THAT(post(form, kBrowser +
                             "Origin: https://radio.example:8080\r\nSec-Fetch-Site: "
                             "same-origin\r\n" +
                             kRoot),
              StartsWith("HTTP/1.1 303 "));
}

TEST_F(AdminTest, AFormNeedsThePasswordAsWell) {
  start();
  const auto encoder = begin_push();
  const std::string form = "action=end_push&token=" + token();
  EXPECT_THAT(post(form, kBrowser + kSameOrigin), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(post(form, kBrowser + kSameOrigin + kWrong), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(post(form, kBrowser + kSameOrigin + kEve), StartsWith("HTTP/1.1 403 "));
  EXPECT_TRUE(server->sessions().back().receiving);
}

TEST_F(AdminTest, AScriptNeedsNoTokenAndHearsInOneLineWhatWasDone) {
  start();
  const auto encoder = begin_push();
  EXPECT_THAT(post("action=end_push", ""), StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(post("action=dance", kRoot),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("disconnect_encoder")));
  EXPECT_THAT(post("action=end_push", kRoot, ""),
              AllOf(StartsWith("HTTP/1.1 400 "), HasSubstr("/admin?point=/live")));
  // What only browsers say makes it a browser's request, which needs one.
  for (const char* field :
       {"Origin: http://radio.example:8080\r\n", "Sec-Fetch-Site: same-origin\r\n",
        "Referer: http://x/\r\n", "Cookie: a=b\r\n", "User-Agent: Mozilla/4.0\r\n",
        "Accept: text/html\r\n"})
    EXPECT_THAT(post("action=end_push", kRoot + field), StartsWith("HTTP/1.1 403 ")) << field;
  EXPECT_TRUE(server->sessions().back().receiving);
  EXPECT_THAT(post("action=end_push", kRoot),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("was ended"),
                    HasSubstr("Content-Type: text/plain")));
  EXPECT_THAT(post("action=end_push", kRoot),
              AllOf(StartsWith("HTTP/1.1 409 Conflict\r\n"), HasSubstr("nobody pushes")));
}

TEST_F(AdminTest, CurlAdministersByDigest) {
  start();
  const auto encoder = begin_push();
  const std::string url =
      "http://127.0.0.1:" + std::to_string(server->port()) + "/admin?point=/live";
  const auto curl = [&](const std::string& password) {
    ChildProcess program(
        {"sh", "-c",
         "command -v curl >/dev/null || exit 77; exec curl -sS --fail-with-body -u "
         "\"root:$1\" --digest -d action=end_push \"$2\"",
         "sh", password, url});
    const int status = program.wait();
    return std::pair(status, program.output() + program.error_text());
  };
  const auto [refused, why] = curl("simsalabim");
  if (refused == 77) GTEST_SKIP() << "no curl: it is not installed";
  EXPECT_EQ(refused, 22) << why;
  EXPECT_TRUE(server->sessions().back().receiving);
  const auto [done, text] = curl(kPassword);
  EXPECT_EQ(done, 0) << text;
  EXPECT_THAT(text, HasSubstr("was ended, for its viewers as well."));
  EXPECT_FALSE(server->sessions().back().running);
}

TEST_F(AdminTest, FormsHaveALimitAndAKind) {
  start();
  const std::string head = "POST /admin?point=/live HTTP/1.1\r\nHost: x\r\n" + kRoot;
  const std::string type = "Content-Type: application/x-www-form-urlencoded\r\n";
  EXPECT_THAT(ask(head + type + "Content-Length: 4097\r\n\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(head + type + "\r\n"), StartsWith("HTTP/1.1 411 "));
  EXPECT_THAT(ask(head + type + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 411 "));
  EXPECT_THAT(ask(head + "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx"),
              StartsWith("HTTP/1.1 415 "));
  const std::string put =
      ask("PUT /admin HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(put, StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(field_of(put, "Allow"), "GET, HEAD, POST");
}

TEST_F(AdminTest, AConnectionGoesOnBehindAForm) {
  start();
  RawClient client(server->port());
  for (int i = 0; i < 2; ++i) {
    client.send("POST /admin?point=/live HTTP/1.1\r\nHost: x\r\n" + kRoot +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 15\r\n\r\n"
                "action=end_push");
    const std::string head = client.read_response();
    EXPECT_THAT(head, StartsWith("HTTP/1.1 409 "));
    client.read(static_cast<std::size_t>(std::stoi(field_of(head, "Content-Length"))));
  }
}

TEST_F(AdminTest, WrongPasswordsAreAnsweredLate) {
  settings.access.throttle.first = 1ms;
  start();
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(post("action=end_push", kWrong), StartsWith("HTTP/1.1 401 "));
  EXPECT_GT(server->limits_met()[pubpoint::Limit::WrongPasswords], 0u);
}

TEST_F(AdminTest, WhatOthersCallThemselvesIsTextOnThePage) {
  const std::string evil = "<script>alert(1)</script>";
  settings.points.push_back("/" + evil);
  start();
  const auto encoder = begin_push();
  const auto viewer = begin_watching(evil);
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  EXPECT_THAT(get("/admin?point=/live"), HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  const std::string number = std::to_string(server->viewers().front()->number);
  for (const std::string& page :
       {get("/admin"), get("/admin?point=/live"),
        get("/admin?point=/%3Cscript%3Ealert(1)%3C/script%3E"),
        page_after(submit("action=disconnect_viewer&encoder=" + evil + "&viewer=" + number)),
        page_after(submit("action=end_push&encoder=" + evil)),
        get("/admin?point=/live&notice=" + evil)})
    EXPECT_THAT(page, AllOf(StartsWith("HTTP/1.1 200 "), Not(HasSubstr("<script>"))));
}

TEST_F(AdminTest, WhatIsBehindARequestWithoutAPasswordIsNotTakenForTheNextOne) {
  start();
  const std::string inner = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answers =
      ask("GET /admin HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(inner.size()) +
          "\r\n\r\n" + inner);
  EXPECT_EQ(status_of(answers), 401);
  EXPECT_EQ(answers.find("HTTP/1.1", 1), answers.npos);
}

TEST_F(AdminTest, AFormThatWasLoadedWhileNobodyPushedEndsNobodysPush) {
  start();
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return server->sessions().back().receiving; }));
  EXPECT_THAT(submit("action=end_push&encoder=-"), HasSubstr("303 "));
  EXPECT_TRUE(server->sessions().back().running);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
}

}  // namespace
}  // namespace wmpush::test
