// `wmpush doctor`: a machine and a server where all is well, and each thing that may be wrong.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/raw_server.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class ToolDoctor : public ToolTest {
 protected:
  /// What the test's own environment says of proxies is not looked at.
  static Finished doctor(const Words& words, Words environment = {}) {
    for (const std::string name : {"http_proxy=", "https_proxy=", "HTTPS_PROXY=", "HTTP_PROXY="})
      if (std::ranges::none_of(environment,
                               [&](const auto& entry) { return entry.starts_with(name); }))
        environment.push_back(name);
    Words all{"doctor"};
    all.insert(all.end(), words.begin(), words.end());
    return run(wmpush(all), environment);
  }
  /// A program that does what this script of the shell says.
  std::string program(const std::string& script) const {
    const auto path = write_file("program", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
  }
};

TEST_F(ToolDoctor, FindsAllWellWhereItIs) {
  if (!std::filesystem::exists(std::filesystem::path(WMPUSH_PROGRAM).parent_path() /
                               "ffmpeg-wmpush"))
    GTEST_SKIP() << "built without ffmpeg-wmpush";
  const Finished well = doctor({server.url()}, {"no_proxy=127.0.0.1"});
  EXPECT_EQ(well.status, 0) << well.output << well.error;
  EXPECT_EQ(well.error, "");
  EXPECT_THAT(well.output, Not(HasSubstr("WRONG")));
  for (const char* what :
       {"ffmpeg       .*ffmpeg version", "libavformat  version [0-9]+",
        "preload      .*ffmpeg-wmpush", "encoders     wmv2 and wmav2", "proxy        none",
        "name         has an address: 127.0.0.1", "port ", "server       answers as Cougar",
        "password     none given", "push         the publishing point takes one"})
    EXPECT_THAT(well.output, ContainsRegex(std::string("good   ") + what));
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolDoctor, LeavesThePointAloneWhereThatIsAskedFor) {
  const Finished gentle = doctor({"--connect", server.url()});
  EXPECT_THAT(gentle.output, HasSubstr("note   push         not asked for"));
  EXPECT_TRUE(server.sessions().empty());
}

TEST_F(ToolDoctor, SaysWhatIsWrongWithFfmpeg) {
  const Finished missing = doctor({}, {"WMPUSH_FFMPEG=/no/such/ffmpeg"});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.output, HasSubstr("WRONG  ffmpeg       /no/such/ffmpeg is not there"));
  EXPECT_THAT(last_line(missing.error), HasSubstr("1 thing is wrong"));

  const Finished broken = doctor({}, {"WMPUSH_FFMPEG=" + program("echo no libx.so; exit 127")});
  EXPECT_THAT(broken.output, HasSubstr("-version has failed: no libx.so"));

  const Finished poor = doctor({}, {"WMPUSH_FFMPEG=" + program("echo ffmpeg version 0")});
  EXPECT_EQ(poor.status, 1);
  EXPECT_THAT(poor.output, AllOf(HasSubstr("good   ffmpeg"), HasSubstr("WRONG  libavformat"),
                                 HasSubstr("WRONG  preload"), HasSubstr("is a script"),
                                 HasSubstr("cannot encode wmv2 and wmav2")));
}

TEST_F(ToolDoctor, SaysWhatIsWrongWithTheWayToTheServer) {
  EXPECT_THAT(doctor({"wmpush://127.0.0.1:1/live"}).output,
              AllOf(HasSubstr("good   name"), HasSubstr("WRONG  port"), HasSubstr("refused")));
  EXPECT_THAT(doctor({"wmpush://no.such.host.invalid/live"}).output,
              AllOf(HasSubstr("WRONG  name"), HasSubstr("does not resolve")));
  EXPECT_THAT(doctor({"ftp://host/live"}).output, HasSubstr("WRONG  URL"));
  EXPECT_THAT(doctor({"wmpush://host/live"}, {"http_proxy=http://127.0.0.1:1"}).output,
              HasSubstr("WRONG  proxy"));
}

TEST_F(ToolDoctor, SaysWhatIsWrongWithThePoint) {
  const Finished missing = doctor({server.url("/nowhere")});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.output, AllOf(HasSubstr("WRONG  push"), HasSubstr("404")));
  RawServer web([](RawServer::Connection& connection) {
    while (!connection.read_head().empty())
      connection.send("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 0\r\n\r\n");
  });
  EXPECT_THAT(
      doctor({web.url()}).output,
      AllOf(HasSubstr("answers as nginx"), HasSubstr("WRONG  push"), HasSubstr("strict_server")));
}

TEST_F(ToolDoctor, SaysThatAPasswordIsWrongAndNeverWhatItIs) {
  pubpoint::Settings settings;
  settings.authentication.user = "joe";
  settings.authentication.password = "right";
  pubpoint::Server guarded(settings);
  const std::string host = "127.0.0.1:" + std::to_string(guarded.port());
  const Finished wrong = doctor({"wmpush://joe:sEcr3t@" + host + "/live"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.output, HasSubstr("WRONG  password"));
  const Finished proxied = doctor({"--connect", "wmpush://" + host + "/live"},
                                  {"http_proxy=joe:sEcr3t@127.0.0.1:1", "no_proxy=127.0.0.1"});
  EXPECT_THAT(proxied.output, HasSubstr("http_proxy=joe:***@127.0.0.1:1 is in the environment"));
  for (const Finished& told : {wrong, proxied})
    EXPECT_THAT(told.output + told.error, Not(HasSubstr("sEcr3t")));
}

TEST_F(ToolDoctor, TakesOneUrl) { EXPECT_EQ(doctor({server.url(), server.url()}).status, 2); }

}  // namespace
}  // namespace wmpush::test
