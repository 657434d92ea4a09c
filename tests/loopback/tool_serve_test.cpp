// `wmpush serve`: its first lines, its sessions' lines, its recordings, its end.
#include <algorithm>
#include <csignal>
#include <sstream>

#include "serve_run.hpp"
#include "support/raw_client.hpp"
#include "support/recorded.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class ToolServe : public ServeTest {};

TEST_F(ToolServe, PrintsAUrlForEachPointFirst) {
  ChildProcess serve(wmpush(
      {"serve", "--listen", "127.0.0.1:0", "--point", "live", "--point", "/studio", "other"}));
  ASSERT_TRUE(serve.wait_for_output("/other\n"));
  EXPECT_THAT(serve.output(), MatchesRegex("wmpush://127.0.0.1:[0-9]+/live\n"
                                           "wmpush://127.0.0.1:[0-9]+/studio\n"
                                           "wmpush://127.0.0.1:[0-9]+/other\n"));
  stop(serve);
}

TEST_F(ToolServe, TakesAnyPathThatAUrlCanName) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--point", "/", "--point",
                             "My Radio", "--point", "ラジオ", "--point", "a%2Fb%3F"}));
  ASSERT_TRUE(serve.wait_for_output("/a/b%3F\n")) << serve.output();
  EXPECT_THAT(serve.output(), MatchesRegex("wmpush://127.0.0.1:[0-9]+/\n"
                                           "wmpush://127.0.0.1:[0-9]+/My%20Radio\n"
                                           "wmpush://127.0.0.1:[0-9]+/%E3%83%A9%E3%82%B8%E3%82%AA\n"
                                           "wmpush://127.0.0.1:[0-9]+/a/b%3F\n"));
  std::istringstream urls(serve.output());
  for (std::string url; std::getline(urls, url);) {
    const Finished push = run(wmpush({"send", film(), url, "--fast"}));
    EXPECT_EQ(push.status, 0) << url << ": " << push.error;
  }
  stop(serve);
}

TEST_F(ToolServe, LetsTheNewerPushTakeOverWhenToldTo) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--takeover", "newer"}));
  const std::string url = url_of(serve);
  Fifo fifo(file("fifo"));
  ChildProcess older(wmpush_reading(fifo.path(), {"send", "-", url, "--fast"}));
  ASSERT_TRUE(fifo.write(clip().substr(0, clip().size() / 2)));
  ASSERT_TRUE(serve.wait_for_output(" started "));
  EXPECT_EQ(run(wmpush({"send", film(), url, "--fast"})).status, 0);
  EXPECT_EQ(older.wait(), 1);
  stop(serve);
}

TEST_F(ToolServe, LetsOnlyTheUserPushThatItNames) {
  std::ofstream(file("password")) << "open sesame\n";
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--user", "ali", "--password-file",
                             file("password").string()}));
  const std::string url = url_of(serve);
  const Words send{"send", film(), url, "--fast", "--user", "ali"};
  const Finished right = run(wmpush(send), {"WMPUSH_PASSWORD=open sesame"});
  EXPECT_EQ(right.status, 0) << right.error;
  const Finished wrong = run(wmpush(send), {"WMPUSH_PASSWORD=open sesam"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(last_line(wrong.error),
              AllOf(HasSubstr("user 'ali'"), HasSubstr("NS_E_SERVER_ACCESSDENIED")));
  EXPECT_TRUE(serve.wait_for_error_text("not let in by Digest"));
  EXPECT_THAT(serve.error_text(), Not(HasSubstr("Basic")));
  stop(serve);
  for (const std::string& said : {wrong.error, serve.error_text(), serve.output()})
    EXPECT_EQ(said.find("sesam"), said.npos) << said;
}

TEST_F(ToolServe, NeedsAPasswordForAUser) {
  const Finished without =
      run({"env", "-u", "WMPUSH_PASSWORD", WMPUSH_PROGRAM, "serve", "--user", "ali"});
  EXPECT_EQ(without.status, 2);
  EXPECT_THAT(without.error, HasSubstr("WMPUSH_PASSWORD"));
  const Finished unread = run(wmpush({"serve", "--user", "ali", "--password_file", "/nowhere"}));
  EXPECT_EQ(unread.status, 2);
  EXPECT_THAT(unread.error, HasSubstr("/nowhere"));
  const Finished folder_given =
      run(wmpush({"serve", "--user", "ali", "--password_file", folder.path().string()}));
  EXPECT_EQ(folder_given.status, 2);
  EXPECT_THAT(folder_given.error, HasSubstr(folder.path().string() + "' is a directory"));
}

TEST_F(ToolServe, LetsTheUsersOfAFilePushWhatTheyMay) {
  // ali's password is "Sesam".
  std::ofstream(file("users")) << "# who may push\n"
                                  "ali:publishing point:ecff8f7f448fab5069649126afd7b684\n";
  ChildProcess serve(
      wmpush({"serve", "--listen", "127.0.0.1:0", "--point", "live", "--point", "other", "--users",
              file("users").string(), "--grant", "ali:push:/live", "--grant", "*:watch:*"}));
  const std::string url = url_of(serve);
  const auto push = [&](const std::string& to, const std::string& password) {
    return run(wmpush({"send", film(), to, "--fast", "--user", "ali"}),
               {"WMPUSH_PASSWORD=" + password});
  };
  EXPECT_EQ(push(url, "Sesam").status, 0);
  EXPECT_THAT(push(url, "sesam").error, HasSubstr("NS_E_SERVER_ACCESSDENIED"));
  const std::string other = url.substr(0, url.rfind('/')) + "/other";
  EXPECT_THAT(push(other, "Sesam").error, HasSubstr("403"));
  EXPECT_TRUE(serve.wait_for_error_text("user 'ali' may not push to /other"));
  stop(serve);
}

TEST_F(ToolServe, SaysWhichLineOfTheUsersFileOrWhichFlagIsWrong) {
  std::ofstream(file("users")) << "ali:publishing point:ecff8f7f448fab5069649126afd7b684\nbob\n";
  std::ofstream(file("key")) << "too short\n";
  const auto refused = [&](const Words& words) {
    Words all{"serve", "--listen", "127.0.0.1:0"};
    all.insert(all.end(), words.begin(), words.end());
    const Finished finished = run(wmpush(all));
    EXPECT_EQ(finished.status, 2);
    return last_line(finished.error);
  };
  EXPECT_THAT(refused({"--users", file("users").string()}), HasSubstr("users: line 2: "));
  EXPECT_THAT(refused({"--users", file("none").string()}), HasSubstr("cannot be opened"));
  EXPECT_THAT(refused({"--grant", "ali:push:*"}), HasSubstr("there is no user 'ali'"));
  EXPECT_THAT(refused({"--grant", "*:fly:*"}), HasSubstr("'fly' is no right"));
  EXPECT_THAT(refused({"--push_from", "10.0.0.0/33"}), HasSubstr("--push_from: "));
  EXPECT_THAT(refused({"--watch_from", "host"}), HasSubstr("--watch_from: 'host'"));
  EXPECT_THAT(refused({"--token_key", file("key").string()}), HasSubstr("a key needs 16"));
}

TEST_F(ToolServe, SaysWhenEverybodyWhoCanReachItMayPush) {
  ChildProcess open(wmpush({"serve", "--listen", "*:0"}));
  url_of(open);
  EXPECT_TRUE(open.wait_for_error_text("everybody who reaches 0.0.0.0:"));
  stop(open);
  EXPECT_EQ(lines_in(open.error_text()), 1u);
  ChildProcess guarded(wmpush({"serve", "--listen", "*:0", "--push_from", "127.0.0.1"}));
  url_of(guarded);
  stop(guarded);
  EXPECT_EQ(guarded.error_text(), "");
}

TEST_F(ToolServe, TakesAndRecordsAPush) {
  const auto recorded = file("a/new/folder");
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", recorded.string()}));
  const Finished push = run(wmpush({"send", film(), url_of(serve), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.output();
  stop(serve);
  EXPECT_THAT(serve.output(),
              AllOf(HasSubstr("/live: push "), HasSubstr(" started (WMEncoder/"),
                    HasSubstr(std::to_string(packets_in(clip())) + " packets, "),
                    HasSubstr(" kbit/s"), HasSubstr("recorded in " + recorded.string() + "/")));
  EXPECT_EQ(lines_in(serve.output()), 3u) << serve.output();
  EXPECT_EQ(serve.error_text(), "");
  const std::string line = last_line(serve.output());
  const std::string path = line.substr(line.rfind(" in ") + 4);
  EXPECT_EQ(decoded_frames(path), decoded_frames(film()));
}

TEST_F(ToolServe, NamesTheRecordingOfEachEntry) {
  const auto received = file("received");
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", received.string(),
                             "--record_name", "take"}));
  const Finished push = run(wmpush({"send", film(), film(), film(), url_of(serve), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.output();
  stop(serve);
  const std::string first = received.string() + "/take";
  EXPECT_THAT(last_line(serve.output()),
              MatchesRegex(".*; recorded in 3 files: " + first + "\\.asf, " + first + "-2\\.asf, " +
                           first + "-3\\.asf"));
}

TEST_F(ToolServe, SaysThatARecordingIsNotWhole) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", file("r").string(),
                             "--record_free", "9223372036854775807"}));
  EXPECT_EQ(run(wmpush({"send", film(), url_of(serve), "--fast"})).status, 0);
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.output();
  stop(serve);
  const std::string why = " are free, and 9223372036854775807 are to stay free";
  EXPECT_THAT(last_line(serve.output()),
              AllOf(HasSubstr("; not recorded whole: cannot record into "), HasSubstr(why)));
  EXPECT_THAT(serve.error_text(), HasSubstr(why));
  EXPECT_EQ(lines_in(serve.error_text()), 2u) << serve.error_text();
  EXPECT_THAT(serve.error_text(), EndsWith("and how often: record_free 1\n"));
}

TEST_F(ToolServe, RefusesAPushThatHasToBeRecordedAndCannotBe) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", file("r").string(),
                             "--record_free", "9223372036854775807", "--record_required"}));
  const Finished push = run(wmpush({"send", film(), url_of(serve)}));
  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, HasSubstr("507"));
  stop(serve);
}

TEST_F(ToolServe, BeginsANewFileAfterSomeTime) {
  const auto received = file("received");
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", received.string(),
                             "--record_time", "500", "--record_name", "{point}-{entry}"}));
  EXPECT_EQ(run(wmpush({"send", film(), url_of(serve), "--fast"})).status, 0);
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.output();
  stop(serve);
  EXPECT_THAT(serve.output(), HasSubstr((received / "live-1.asf").string() + ", " +
                                        (received / "live-1-2.asf").string()));
  EXPECT_NE(decoded_frames(received / "live-1-2.asf"), "");
}

TEST_F(ToolServe, FinishesARunningRecordingAtItsEnd) {
  ChildProcess serve(
      wmpush({"serve", "--listen", "127.0.0.1:0", "--record", file("recorded").string()}));
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", url_of(serve), "--fast"}));
  ASSERT_TRUE(fifo.write(clip().substr(0, clip().size() / 2)));
  ASSERT_TRUE(serve.wait_for_output(" started "));
  stop(serve);
  EXPECT_EQ(push.wait(), 1) << "its server went away";
  EXPECT_THAT(serve.output(), HasSubstr(" ended: "));
  const std::string line = last_line(serve.output());
  EXPECT_NE(decoded_frames(line.substr(line.rfind(" in ") + 4)), "") << line;
}

TEST_F(ToolServe, HasRecordedWhatCameWhenItIsKilled) {
  const auto received = file("recorded");
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", received.string()}));
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", url_of(serve), "--fast"}));
  const std::string half = clip().substr(0, clip().size() / 2);
  ASSERT_TRUE(fifo.write(half));
  EXPECT_TRUE(recorded(received, packets_in(half) * 3200)) << "a push that goes on, and is silent";
  serve.signal(SIGKILL);
  serve.wait();
  EXPECT_EQ(push.wait(), 1) << "its server went away";
  EXPECT_NE(decoded_frames(std::filesystem::directory_iterator(received)->path()), "");
}

TEST_F(ToolServe, NamesTheRuleThatAClientBreaks) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0"}));
  RawClient client(port_of(url_of(serve)));
  client.send(RequestText::setup().remove("Cache-Control").text());
  EXPECT_EQ(status_of(client.read_response()), 400);
  EXPECT_TRUE(serve.wait_for_error_text("C07: ")) << serve.error_text();
  stop(serve);
}

TEST_F(ToolServe, DiscardsWhenToldTo) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0", "--discard"}));
  EXPECT_EQ(run(wmpush({"send", film(), url_of(serve), "--fast"})).status, 0);
  stop(serve);
}

TEST_F(ToolServe, ListensOnIpv6) {
  ChildProcess serve(wmpush({"serve", "--listen", "[::1]:0"}));
  const std::string url = url_of(serve);
  EXPECT_THAT(url, StartsWith("wmpush://[::1]:"));
  EXPECT_EQ(run(wmpush({"probe", url})).status, 0);
  stop(serve);
}

TEST_F(ToolServe, EndsWithSuccessOnSigtermToo) {
  ChildProcess serve(wmpush({"serve", "--listen", "127.0.0.1:0"}));
  url_of(serve);
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.wait(), 0);
}

TEST_F(ToolServe, NamesTheRemedyWhenThePortIsBusy) {
  pubpoint::Server busy{pubpoint::Settings{}};
  const std::string address = "127.0.0.1:" + std::to_string(busy.port());
  const Finished serve = run(wmpush({"serve", "--listen", address}));
  EXPECT_EQ(serve.status, 1);
  EXPECT_EQ(lines_in(serve.error), 1u);
  EXPECT_THAT(serve.error,
              AllOf(HasSubstr("cannot listen on " + address + ": "),
                    HasSubstr("--listen 127.0.0.1:0"), EndsWith("E_FAIL (0x80004005)\n")));
}

TEST_F(ToolServe, SaysThatItCannotRecord) {
  const Finished serve =
      run(wmpush({"serve", "--listen", "127.0.0.1:0", "--record", film() + "/folder"}));
  EXPECT_EQ(serve.status, 1);
  EXPECT_THAT(serve.error, HasSubstr("cannot record into "));
}

TEST_F(ToolServe, RefusesWhatItDoesNotUnderstand) {
  for (const Words& words :
       {Words{"serve", "--listen", "::1"},
        Words{"serve", "live"},
        Words{"serve", "--point", "a\nb"},
        Words{"serve", "--point", ""},
        Words{"serve", "--point", "a%0Ab"},
        Words{"serve", "--point", "a?b"},
        Words{"serve", "--takeover", "older"},
        Words{"serve", "--access_log", ""},
        Words{"serve", "--config", "/nowhere"},
        Words{"serve", "--discard", "--record", "x"},
        Words{"serve", "--record", ""},
        Words{"serve", "--port", "80"},
        Words{"serve", "--record_size", "1000"},
        Words{"serve", "--record_required"},
        Words{"serve", "--record", file("r").string(), "--record_size", "1M"},
        Words{"serve", "--record", file("r").string(), "--record_time", "-1"},
        Words{"serve", "--record_files", "3"},
        Words{"serve", "--record", file("r").string(), "--record_files", "0"},
        Words{"serve", "--record", file("r").string(), "--record_name", "a/b"},
        Words{"serve", "--record", file("r").string(), "--record_name", "{id}"}}) {
    const Finished serve = run(wmpush(words));
    EXPECT_EQ(serve.status, 2) << serve.error;
    EXPECT_THAT(serve.error, EndsWith("E_INVALIDARG (0x80070057)\n"));
  }
}

TEST_F(ToolServe, AsksItsHooksFromTheCommandLineOrTheFile) {
  const auto place = file("a folder");  // with a blank in its name
  std::filesystem::create_directory(place);
  const auto hook = file("may-push");
  std::filesystem::create_symlink(hook, place / "may-push");
  std::ofstream(hook) << "#!/bin/sh\necho no such key\nexit 1\n";
  std::filesystem::permissions(hook, std::filesystem::perms(0755));
  std::ofstream((place / "wmpush.toml"))
      << "listen = \"127.0.0.1:0\"\n[hooks]\non_push = \"./may-push\"\n";
  for (const Words& how :
       {Words{"--listen", "127.0.0.1:0", "--on_push", hook.string() + " one two"},
        Words{"--config", (place / "wmpush.toml").string()}}) {
    Words words{"serve"};
    words.insert(words.end(), how.begin(), how.end());
    ChildProcess serve(wmpush(words));
    const Finished push = run(wmpush({"send", film(), url_of(serve)}));
    EXPECT_EQ(push.status, 1);
    EXPECT_THAT(push.error, HasSubstr("403"));
    stop(serve);
    EXPECT_THAT(serve.error_text(),
                AllOf(HasSubstr("no such key\n"), HasSubstr("on_push: refused for 127.0.0.1:")));
  }
}

TEST_F(ToolServe, SaysWhatHookCannotBeCalled) {
  const Finished flag = run(wmpush({"serve", "--on_watch", "no-such-program"}));
  EXPECT_NE(flag.status, 0);
  EXPECT_THAT(flag.error, HasSubstr("--on_watch: there is no program \"no-such-program\""));
  std::ofstream(file("wmpush.toml")) << "[hooks]\non_record = \"./nothing --fast\"\n";
  const Finished in_file =
      run(wmpush({"serve", "--check", "--config", file("wmpush.toml").string()}));
  EXPECT_NE(in_file.status, 0);
  EXPECT_THAT(in_file.error, AllOf(HasSubstr("wmpush.toml: line 2, column "),
                                   HasSubstr("there is no program \"./nothing\"")));
}

TEST_F(ToolServe, PushesOnWhatItReceivesToOtherServers) {
  ChildProcess last(wmpush({"serve", "--listen", "127.0.0.1:0", "--point", "a", "--point", "b",
                            "--record", file("last").string()}));
  const std::string a = url_of(last);
  const std::string b = a.substr(0, a.size() - 1) + "b";
  ChildProcess middle(wmpush({"serve", "--listen", "127.0.0.1:0", "--relay", a}));
  std::ofstream(file("wmpush.toml"))
      << "listen = \"127.0.0.1:0\"\n[[point]]\nrelay = [\"" << b << "\", \"" << url_of(middle)
      << "\"]\nname = \"first\"\n[[point]]\nname = \"other\"\n";
  ChildProcess first(wmpush({"serve", "--config", file("wmpush.toml").string()}));
  const Finished push = run(wmpush({"send", film(), url_of(first)}));
  EXPECT_EQ(push.status, 0) << push.error;
  for (const char* begun : {"/a: push ", "/b: push "})
    EXPECT_TRUE(last.wait_for_output(begun)) << last.output();
  stop(first);
  stop(middle);
  stop(last);
  const std::string said = last.output();
  EXPECT_EQ(std::ranges::count(said, '\n'), 6) << "two URLs, and each push begins and ends\n"
                                               << said;
}

TEST_F(ToolServe, SaysWhatCannotBeRelayed) {
  const Finished two =
      run(wmpush({"serve", "--point", "a", "--point", "b", "--relay", "wmpush://x/y"}));
  EXPECT_THAT(two.error, HasSubstr("--relay is for a server with one point"));
  EXPECT_THAT(run(wmpush({"serve", "--point", "a", "--point", "b", "--hls", "copy"})).error,
              HasSubstr("--hls is for a server with one point"));
  EXPECT_THAT(run(wmpush({"serve", "--hls", "mp4"})).error,
              HasSubstr("--hls is off, copy or transcode, and not 'mp4'"));
  const Finished option = run(wmpush({"serve", "--relay", "wmpush://x/y?queue_size=1M"}));
  EXPECT_THAT(option.error, HasSubstr("'1M' is not a value for queue_size"));
  const Finished blocks = run(wmpush({"serve", "--relay", "wmpush://x/y?congestion=block"}));
  EXPECT_THAT(blocks.error, HasSubstr("a relay has no use for congestion"));
  const Finished itself =
      run(wmpush({"serve", "--listen", "127.0.0.1:9", "--relay", "wmpush://localhost:9/live"}));
  EXPECT_THAT(itself.error, HasSubstr("/live is relayed to itself"));
  const Finished both = run(wmpush({"serve", "--relay", "wmpush://x/y", "--origin", "http://x/y"}));
  EXPECT_THAT(both.error, HasSubstr("only what is pushed is pushed on"));
  const Finished url = run(wmpush({"serve", "--relay", "ftp://ali:secret@x/y"}));
  EXPECT_NE(url.status, 0);
  EXPECT_THAT(url.error, AllOf(HasSubstr("--relay: "), Not(HasSubstr("secret"))));
  std::ofstream(file("wmpush.toml"))
      << "[[point]]\nname = \"a\"\nrelay = [\"wmpush://x/y?no=1\", \"x\"]\n";
  const Finished in_file =
      run(wmpush({"serve", "--check", "--config", file("wmpush.toml").string()}));
  EXPECT_THAT(in_file.error, HasSubstr("line 3, column "));
}

TEST_F(ToolServe, ShowsWhatItsOriginShows) {
  ChildProcess origin(wmpush({"serve", "--listen", "127.0.0.1:0"}));
  const std::string place = url_of(origin);
  ChildProcess edge(wmpush(
      {"serve", "--listen", "127.0.0.1:0", "--origin", "http" + place.substr(place.find(':'))}));
  RawClient viewer(port_of(url_of(edge).substr(0, url_of(edge).rfind('/'))));
  viewer.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
  const Finished push = run(wmpush({"send", film(), place}));
  EXPECT_EQ(push.status, 0) << push.error;
  const std::string shown = viewer.read_to_end();
  EXPECT_THAT(shown, HasSubstr("200 OK\r\n"));
  EXPECT_GT(shown.size(), clip().size() / 2);
  stop(edge);
  stop(origin);
}

TEST_F(ToolServe, SaysWhatIsNoOrigin) {
  const Finished scheme = run(wmpush({"serve", "--origin", "wmpush://x/y"}));
  EXPECT_THAT(scheme.error, HasSubstr("--origin: an origin is a URL that begins with http://"));
  const Finished user = run(wmpush({"serve", "--origin", "http://ali:secret@x/y"}));
  EXPECT_THAT(user.error, AllOf(HasSubstr("no user and no password"), Not(HasSubstr("secret"))));
  std::ofstream(file("wmpush.toml")) << "[[point]]\norigin = \"x\"\nname = \"a\"\n";
  const Finished in_file =
      run(wmpush({"serve", "--check", "--config", file("wmpush.toml").string()}));
  EXPECT_THAT(in_file.error, HasSubstr("line 2, column "));
}

}  // namespace
}  // namespace wmpush::test
