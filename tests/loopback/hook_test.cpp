// Hooks: who is asked and told what happens at a publishing point, by programs and by URLs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>

#include "pubpoint/pull/viewer.hpp"
#include "pubpoint/server.hpp"
#include "support/certificates.hpp"
#include "support/clip.hpp"
#include "support/raw_client.hpp"
#include "support/raw_server.hpp"
#include "support/server_log.hpp"
#include "support/slow_resolver.hpp"
#include "support/soon.hpp"
#include "support/temporary_directory.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {
namespace {

using namespace std::chrono_literals;
using pubpoint::Server;
using pubpoint::Settings;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// What a URL has heard, and what it says to it.
class HookUrl {
 public:
  explicit HookUrl(std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                   std::shared_ptr<const tls::Context> tls = {})
      : answer_(std::move(answer)),
        server_([this](RawServer::Connection& connection) { serve(connection); }, 0,
                std::move(tls)) {}

  std::string url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(server_.port()) + "/hook?key=k";
  }
  /// Heads and bodies, in the order in which they came.
  std::vector<std::pair<std::string, std::string>> heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  void answer(std::string answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
  }

 private:
  void serve(RawServer::Connection& connection) {
    const std::string head = connection.read_head();
    const std::size_t length = head.find("Content-Length: ");
    if (length == head.npos) return;
    std::string body;
    while (body.size() < std::stoul(head.substr(length + 16))) {
      const std::string more = connection.read_some();
      if (more.empty()) return;
      body += more;
    }
    std::string answer;
    {
      const std::lock_guard lock(mutex_);
      heard_.emplace_back(head, body);
      answer = answer_;
    }
    if (answer.empty())
      connection.read_some();  // says nothing until the other side has had enough
    else
      connection.send(answer);
  }

  std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> heard_;
  std::string answer_;
  RawServer server_;  // the last: its threads use the others
};

const std::string kNo = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

class HookTest : public testing::Test {
 protected:
  HookTest() { server_log.keep(settings); }

  void start() { server = std::make_unique<Server>(settings); }
  std::string log() const { return server_log.text(); }
  std::filesystem::path file(const std::string& name) const { return folder.path() / name; }
  static std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  /// A script for sh.
  std::string program(const std::string& name, const std::string& script) const {
    std::ofstream(file(name)) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(file(name), std::filesystem::perms(0755));
    return file(name).string();
  }
  /// One that keeps what it hears in NAME.heard, a line for each call, and then ends so.
  std::string listener(const std::string& name, int status = 0) const {
    return program(name,
                   "cat >> " + file(name + ".heard").string() + "\nexit " + std::to_string(status));
  }
  std::string heard(const std::string& name) const { return text_of(file(name + ".heard")); }

  Result push(const std::string& target = "/live") {
    PushSink sink;
    Result result = sink.Connect(server->url() + target.substr(5));
    if (succeeded(result)) result = sink.write(as_bytes(clip()));
    if (succeeded(result)) result = sink.EndSession();
    message = sink.last_error().message;
    return result;
  }
  std::string get(const std::string& target, const std::string& agent = "player") const {
    RawClient client(server->port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nUser-Agent: " + agent + "\r\n\r\n");
    return client.read_response();
  }

  TemporaryDirectory folder;
  Settings settings;
  ServerLog server_log;
  std::string message;
  std::unique_ptr<Server> server;  // goes first
};

TEST_F(HookTest, AProgramIsAskedAndToldWhatThereIsToKnow) {
  settings.hooks.on_push =
      program("ask", "cat > " + file("asked").string() + "\nenv | grep ^WMPUSH_ | sort > " +
                         file("environment").string() + "\necho \"$@\" > " +
                         file("words").string()) +
      "  one two ";
  settings.hooks.on_push_end = listener("end");
  ::setenv("WMPUSH_PASSWORD", "not for others", 1);
  start();
  EXPECT_EQ(push("/live?key=k%201&token=t"), Result::S_OK) << message;
  ::unsetenv("WMPUSH_PASSWORD");
  const std::string id = server->sessions().at(0).push_id;
  EXPECT_THAT(text_of(file("asked")),
              AllOf(StartsWith("{\"event\": \"push\", \"point\": \"/live\", \"address\": "
                               "\"127.0.0.1\", \"user\": \"\", \"user_agent\": \"WMEncoder/"),
                    HasSubstr("\"session\": \"" + id + "\""), EndsWith("}\n"),
                    HasSubstr("\"query\": \"key=k%201&token=t\"")));
  EXPECT_EQ(text_of(file("words")), "one two\n");
  const std::string environment = text_of(file("environment"));
  EXPECT_THAT(
      environment,
      AllOf(StartsWith("WMPUSH_ADDRESS=127.0.0.1\nWMPUSH_EVENT=push\nWMPUSH_POINT=/live\n"),
            HasSubstr("WMPUSH_SESSION=" + id + "\n"), HasSubstr("WMPUSH_USER_AGENT=WMEnc")));
  EXPECT_THAT(environment, AllOf(Not(HasSubstr("key")), Not(HasSubstr("PASSWORD"))))
      << "others can look at it";
  ASSERT_TRUE(soon([&] { return !heard("end").empty(); }));
  const auto report = server->sessions().at(0);
  EXPECT_THAT(heard("end"),
              AllOf(StartsWith("{\"event\": \"push_end\", \"point\": \"/live\", \"address\": "
                               "\"127.0.0.1\""),
                    HasSubstr("\"session\": \"" + id +
                              "\", \"because\": \"end of stream, reason "
                              "0x00000000\""),
                    HasSubstr("\"packets\": " + std::to_string(report.packets) + ", "),
                    HasSubstr("\"bytes\": " + std::to_string(report.bytes) + ", \"seconds\": ")));
}

TEST_F(HookTest, AUrlIsAskedAndToldTheSame) {
  HookUrl url;
  settings.hooks.on_push = settings.hooks.on_push_end = url.url();
  start();
  EXPECT_EQ(push(), Result::S_OK) << message;
  ASSERT_TRUE(soon([&] { return url.heard().size() == 2; }));
  const auto [head, body] = url.heard()[0];
  EXPECT_THAT(head, AllOf(StartsWith("POST /hook?key=k HTTP/1.1\r\nHost: 127.0.0.1:"),
                          HasSubstr("\r\nContent-Type: application/json\r\n"),
                          HasSubstr("\r\nUser-Agent: wmpush/")));
  EXPECT_THAT(body, AllOf(StartsWith("{\"event\": \"push\", "), EndsWith("}\n")));
  EXPECT_THAT(url.heard()[1].second, StartsWith("{\"event\": \"push_end\", "));
}

TEST_F(HookTest, WhoIsRefusedDoesNotPushAndItsEndIsNotTold) {
  HookUrl url(kNo);
  settings.hooks.on_push_end = listener("end");
  for (const std::string& hook : {url.url(), listener("no", 1), listener("never", 125)}) {
    settings.hooks.on_push = hook;
    start();
    EXPECT_EQ(push(), Result::NS_E_SERVER_ACCESSDENIED) << hook;
    EXPECT_THAT(message, HasSubstr("403"));
    EXPECT_EQ(server->sessions().at(0).push_starts, 0u);
    EXPECT_FALSE(server->sessions().at(0).running);
    server.reset();
  }
  EXPECT_THAT(log(), AllOf(HasSubstr("on_push: refused for 127.0.0.1:"),
                           HasSubstr("its URL answered with status 403"),
                           HasSubstr("its program ended with status 125")));
  EXPECT_THAT(log(), Not(HasSubstr("key=k"))) << "what proves who asks is a secret";
  EXPECT_EQ(heard("end"), "");
}

TEST_F(HookTest, AHookThatFailsRefusesForNow) {
  HookUrl broken("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  HookUrl elsewhere(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n");
  HookUrl no_http("220 ready\r\n\r\n");
  HookUrl endless("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x'));
  std::string nobody;
  {
    HookUrl gone;
    nobody = gone.url();
  }
  const std::vector<std::pair<std::string, std::string>> hooks{
      {broken.url(), "its URL answered with status 500"},
      {elsewhere.url(), "its URL answered with status 302"},
      {no_http.url(), "it did not answer: "},
      {endless.url(), "it did not answer: "},
      {nobody, "there is no connection to it: Connection refused"},
      {program("killed", "kill -9 $$"), "its program was ended by signal 9"},
      {program("missing", "exec " + file("nothing").string() + " 2> /dev/null"),
       "its program ended with status 127"}};
  for (const auto& [hook, why] : hooks) {
    settings.hooks.on_push = hook;
    start();
    EXPECT_NE(push(), Result::S_OK) << hook;
    EXPECT_THAT(message, HasSubstr("503")) << hook;
    EXPECT_THAT(log(), HasSubstr("on_push: no answer for 127.0.0.1:")) << hook;
    EXPECT_THAT(log(), HasSubstr(why)) << hook;
    server.reset();
  }
}

TEST_F(HookTest, AHookThatHangsIsToldAndItsProgramsEnded) {
  HookUrl silent("");
  settings.hooks.timeout = 300ms;
  for (const std::string& hook :
       {silent.url(),
        program("hang", "sleep 1000 & echo $! > " + file("child").string() + "\nwait")}) {
    settings.hooks.on_push = hook;
    start();
    EXPECT_NE(push(), Result::S_OK);
    EXPECT_THAT(message, HasSubstr("503"));
    EXPECT_THAT(log(), HasSubstr("there was no answer within 300 ms"));
    server.reset();
  }
  const int child = std::stoi(text_of(file("child")));
  EXPECT_TRUE(soon([&] { return ::kill(child, 0) != 0 && errno == ESRCH; }))
      << "what it has started ends with it";
}

TEST_F(HookTest, NobodyElseWaitsForAHookThatHangs) {
  start();
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
  settings.hooks.on_push = settings.hooks.on_watch = program("hang", "exec sleep 1000");
  settings.hooks.timeout = 60s;
  EXPECT_EQ(server->reload(settings), "");
  RawClient pusher(server->port());
  pusher.send(RequestText::setup("/live").text());
  RawClient viewer(server->port());
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(viewer.silent_for(10ms));
  const auto begin = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 4s) << "nor does the end";
}

TEST_F(HookTest, WhoWatchesIsAskedForOnceAndOnlyForTheStream) {
  settings.hooks.on_watch = listener("watch");
  start();
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
  ASSERT_TRUE(server->wait_for([&] { return server->sessions().back().packets > 0; }));
  EXPECT_THAT(get("/live.asx"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(get("/live", "NSPlayer/9.0"), StartsWith("HTTP/1.1 200")) << "what there would be";
  EXPECT_EQ(heard("watch"), "");

  RawClient viewer(server->port());
  viewer.send("GET /live?key=k HTTP/1.1\r\nHost: x\r\nUser-Agent: player\r\n\r\n");
  EXPECT_THAT(viewer.read_response(), StartsWith("HTTP/1.0 200"));
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() == 1; }));
  EXPECT_EQ(heard("watch"),
            "{\"event\": \"watch\", \"point\": \"/live\", \"address\": \"127.0.0.1\", \"user\": "
            "\"\", \"user_agent\": \"player\", \"kind\": \"http\", \"query\": \"key=k\"}\n");
  RawClient framed(server->port());
  framed.send(
      "GET /live HTTP/1.1\r\nHost: x\r\nUser-Agent: NSPlayer/9.0\r\nPragma: xPlayStrm=1\r\n\r\n");
  EXPECT_THAT(framed.read_response(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(heard("watch"), HasSubstr("\"kind\": \"mmsh\""));
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
}

TEST_F(HookTest, WhoIsRefusedDoesNotWatch) {
  HookUrl url(kNo);
  settings.hooks.on_watch = url.url();
  settings.wait_for_push = 20s;
  start();
  EXPECT_THAT(get("/live"), StartsWith("HTTP/1.1 403")) << "before a push has begun, too";
  EXPECT_TRUE(server->viewers().empty());
  url.answer("HTTP/1.1 503 Later\r\n\r\n");
  EXPECT_THAT(get("/live"), StartsWith("HTTP/1.1 503"));
}

TEST_F(HookTest, ARecordingIsToldOfWithItsFile) {
  settings.record = file("received");
  settings.record_size = 20'000;
  settings.hooks.on_record = listener("record");
  start();
  EXPECT_EQ(push(), Result::S_OK) << message;
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().at(0).running; }));
  const auto files = server->sessions().at(0).recordings;
  ASSERT_GT(files.size(), 1u);
  const auto lines_heard = [&] {
    const std::string text = heard("record");
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  };
  ASSERT_TRUE(soon([&] { return lines_heard() == files.size(); })) << heard("record");
  for (const auto& each : files)
    EXPECT_THAT(heard("record"),
                HasSubstr("\"file\": \"" + each.string() + "\", \"bytes\": " +
                          std::to_string(std::filesystem::file_size(each)) + ", \"seconds\": "));
}

/// Who counts pushes counts right.
TEST_F(HookTest, EachPushThatWasLetInIsToldToBeOverOnce) {
  settings.hooks.on_push = listener("push");
  settings.hooks.on_push_end = listener("end");
  settings.inactivity_timeout = 1s;
  start();
  {
    RawClient client(server->port());  // never begins
    client.send(RequestText::setup("/live").text());
    EXPECT_THAT(client.read_response(), StartsWith("HTTP/1.1 204"));
  }
  ASSERT_TRUE(soon([&] { return !heard("end").empty(); }));
  EXPECT_THAT(heard("end"), HasSubstr("\"packets\": 0, "));
  EXPECT_EQ(push(), Result::S_OK) << message;
  {
    PushSink sink;
    ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
    ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
    server->stop();  // in the middle
  }
  server.reset();
  const auto count = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  EXPECT_EQ(count(heard("push")), 3);
  EXPECT_EQ(count(heard("end")), 3) << heard("end");
  EXPECT_THAT(heard("end"), HasSubstr("the server was stopped"));
}

TEST_F(HookTest, AClientThatHasGoneMeanwhileLeavesNothingBehind) {
  settings.hooks.on_push =
      program("slow", "while [ ! -e " + file("go").string() + " ]; do sleep 0.01; done");
  settings.hooks.on_watch = settings.hooks.on_push;
  settings.hooks.timeout = 20s;
  start();
  {
    RawClient pusher(server->port());
    pusher.send(RequestText::setup("/live").text());
    RawClient viewer(server->port());
    viewer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(server->wait_for([&] { return server->requests() == 2; }));
    pusher.reset();
    viewer.reset();
  }
  std::ofstream(file("go")) << "now";
  EXPECT_EQ(push(), Result::S_OK) << message;
  EXPECT_TRUE(server->viewers().empty());
}

TEST_F(HookTest, CallsAreBoundedAndWaitForTheirTurn) {
  settings.hooks.on_watch =
      program("count", "echo x >> " + file("running").string() + "\nwhile [ ! -e " +
                           file("go").string() + " ]; do sleep 0.01; done");
  settings.hooks.at_once = 2;
  settings.hooks.queue = 3;
  settings.hooks.timeout = 20s;
  start();
  std::vector<std::unique_ptr<RawClient>> viewers;
  for (int i = 0; i < 5; ++i) {
    viewers.push_back(std::make_unique<RawClient>(server->port()));
    viewers.back()->send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 5; }));
  EXPECT_THAT(get("/live"), StartsWith("HTTP/1.1 503")) << "one more than can wait";
  EXPECT_THAT(log(), HasSubstr("on_watch: no answer for 127.0.0.1:"));
  EXPECT_TRUE(soon([&] { return text_of(file("running")) == "x\nx\n"; }));
  EXPECT_EQ(text_of(file("running")), "x\nx\n");
  std::ofstream(file("go")) << "now";
  EXPECT_TRUE(soon([&] { return text_of(file("running")).size() == 10; }));
}

TEST_F(HookTest, ACallWhoseTurnDoesNotComeInTimeIsARefusal) {
  settings.hooks.on_watch = program("hang", "exec sleep 1000");
  settings.hooks.at_once = 1;
  settings.hooks.timeout = 200ms;
  start();
  RawClient first(server->port());
  first.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(get("/live"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(first.read_response(), StartsWith("HTTP/1.1 503"));
}

TEST_F(HookTest, WhoComesAndGoesTakesNobodysPlace) {
  settings.hooks.on_watch =
      program("slow", "while [ ! -e " + file("go").string() + " ]; do sleep 0.01; done");
  settings.hooks.on_push = listener("push");
  settings.hooks.on_push_end = listener("end");
  settings.hooks.at_once = 2;
  settings.hooks.queue = 3;
  settings.hooks.timeout = 20s;
  start();
  for (int i = 0; i < 20; ++i) {
    RawClient viewer(server->port());
    viewer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(server->wait_for([&] { return server->requests() > static_cast<unsigned>(i); }));
    viewer.reset();
    EXPECT_THAT(get("/healthz"), HasSubstr(" 200 OK"));  // it has been noticed
  }
  RawClient pusher(server->port());
  pusher.send(RequestText::setup("/live").text());
  ASSERT_TRUE(server->wait_for([&] { return server->requests() == 41; }));
  std::ofstream(file("go")) << "now";
  EXPECT_THAT(pusher.read_response(), StartsWith("HTTP/1.1 204"));
  EXPECT_THAT(log(), Not(HasSubstr("wait for their turn")));
}

TEST_F(HookTest, TheEndOfAPushIsToldWhateverAReloadHasChanged) {
  settings.hooks.on_push_end = listener("end");
  start();
  PushSink sink;
  ASSERT_EQ(sink.Connect(server->url()), Result::S_OK);
  ASSERT_EQ(sink.write(as_bytes(clip())), Result::S_OK);
  settings.hooks.on_push = listener("push");
  EXPECT_EQ(server->reload(settings), "");
  EXPECT_EQ(sink.EndSession(), Result::S_OK);
  EXPECT_TRUE(soon([&] { return !heard("end").empty(); }));
  EXPECT_EQ(heard("push"), "");
}

TEST_F(HookTest, WhatIsToldHasATimeOfItsOwn) {
  settings.hooks.timeout = 1ms;
  settings.hooks.on_push_end = program("end", "sleep 0.2; cat > " + file("told").string());
  start();
  EXPECT_EQ(push(), Result::S_OK) << message;
  EXPECT_TRUE(soon([&] { return !text_of(file("told")).empty(); })) << log();
}

TEST_F(HookTest, AServerThatStopsAnswersWhoWaitsForAHook) {
  settings.hooks.on_push = program("hang", "exec sleep 1000");
  settings.hooks.timeout = 60s;
  start();
  RawClient pusher(server->port());
  pusher.send(RequestText::setup("/live").text());
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().empty(); }));
  server->disconnect("/live");
  EXPECT_THAT(pusher.read_response(), StartsWith("HTTP/1.1 503"));
}

TEST_F(HookTest, AProgramGetsNoDescriptorOfOurs) {
  settings.hooks.on_push =
      program("list", "ls -l /proc/$$/fd > " + file("descriptors").string() + " 2> /dev/null");
  settings.record = file("received");
  start();
  const int ours = ::dup(0);  // inheritable
  EXPECT_EQ(push(), Result::S_OK) << message;
  ::close(ours);
  const std::string descriptors = text_of(file("descriptors"));
  EXPECT_THAT(descriptors, HasSubstr(" 0 -> "));
  EXPECT_THAT(descriptors, AllOf(Not(HasSubstr("socket:")), Not(HasSubstr(" 3 -> "))));
}

TEST_F(HookTest, OverTlsItsCertificateIsVerified) {
  const Certificates certificates;
  HookUrl url("HTTP/1.1 204 Yes\r\n\r\n", certificates.server());
  HookUrl other("HTTP/1.1 204 Yes\r\n\r\n", certificates.server({.hosts = {"other.example"}}));
  settings.hooks.on_push = url.url("https");
  start();
  EXPECT_NE(push(), Result::S_OK);
  EXPECT_THAT(log(), HasSubstr("there is no TLS with it: certificate verify failed"));
  ::setenv("SSL_CERT_FILE", certificates.authority().c_str(), 1);
  start();
  EXPECT_EQ(push(), Result::S_OK) << message;
  EXPECT_EQ(url.heard().size(), 1u);
  settings.hooks.on_push = other.url("https");
  start();
  EXPECT_NE(push(), Result::S_OK) << "it is another's";
  ::unsetenv("SSL_CERT_FILE");
}

TEST_F(HookTest, AReloadChangesThemOrSaysWhyNot) {
  start();
  settings.hooks.on_push = listener("no", 1);
  EXPECT_EQ(server->reload(settings), "");
  EXPECT_NE(push(), Result::S_OK);
  settings.hooks.on_push = file("nothing").string();
  EXPECT_THAT(server->reload(settings), HasSubstr("on_push: there is no program"));
  EXPECT_NE(push(), Result::S_OK) << "it stays what it was";
  settings.hooks = {};
  EXPECT_EQ(server->reload(settings), "");
  EXPECT_EQ(push(), Result::S_OK);
}

TEST_F(HookTest, ANameServerThatHangsHoldsUpNeitherOtherHooksNorTheEnd) {
  HookUrl watch;
  settings.hooks.on_push = "http://slow.invalid/hook";
  settings.hooks.on_watch = watch.url();
  settings.hooks.timeout = 20s;
  settings.wait_for_push = 0ms;
  start();
  slow_resolver().close();
  RawClient encoder(server->port());
  encoder.send(RequestText::setup().text());
  slow_resolver().wait_for_somebody();
  EXPECT_EQ(status_of(get("/live")), 503);  // nobody pushes
  EXPECT_EQ(watch.heard().size(), 1u);
  const auto begun = std::chrono::steady_clock::now();
  server.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s);
  slow_resolver().open();
  slow_resolver().wait_for_nobody();
}

}  // namespace
}  // namespace wmpush::test
