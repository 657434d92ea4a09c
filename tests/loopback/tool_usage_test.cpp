// How the wmpush command is called, rightly and wrongly.
#include "tool_run.hpp"
#include "wmpush/wmpush.h"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using ToolUsage = ToolTest;

/// Exit status 2, nothing on standard output, and a last line with `text` and E_INVALIDARG.
void expect_refused(const Words& words, const std::string& text,
                    const std::string& result = "E_INVALIDARG (0x80070057)") {
  const Finished refused = run(wmpush(words));
  EXPECT_EQ(refused.status, 2) << refused.error;
  EXPECT_EQ(refused.output, "");
  EXPECT_THAT(last_line(refused.error), AllOf(HasSubstr(text), EndsWith(result)));
}

TEST_F(ToolUsage, HelpIsThereForEverything) {
  const Finished help = run(wmpush({"--help"}));
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.output, AllOf(StartsWith("wmpush "), HasSubstr("Examples:")));
  EXPECT_EQ(run(wmpush({"help"})).output, help.output);
  EXPECT_EQ(run(wmpush({"-h"})).output, help.output);
  for (const char* command : {"send", "serve", "probe", "check", "doctor", "token"}) {
    const Finished about = run(wmpush({command, "--help"}));
    EXPECT_EQ(about.status, 0);
    EXPECT_THAT(about.output, HasSubstr("Examples:\n"));
    EXPECT_EQ(run(wmpush({"help", command})).output, about.output);
  }
  EXPECT_THAT(run(wmpush({"send", "--help"})).output,
              HasSubstr("--template_url TEXT\n        publishing point to copy"));
}

TEST_F(ToolUsage, VersionIsTheLibrarys) {
  const Finished version = run(wmpush({"--version"}));
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.output, StartsWith("wmpush " WMPUSH_VERSION "\n"));
}

TEST_F(ToolUsage, WithoutACommandItSaysWhichThereAre) {
  expect_refused({}, "a command is needed: send, serve, probe, check, doctor or token");
  expect_refused({"sned"}, "did you mean 'send'?");
  expect_refused({"help", "porbe"}, "did you mean 'probe'?");
  expect_refused({"Serve"}, "did you mean 'serve'?");
  expect_refused({"push", "film.wmv", server.url()}, "did you mean 'send'?");
  expect_refused({"help", "diagnose"}, "did you mean 'doctor'?");
  expect_refused({server.url()}, "wmpush send FILE URL");
  expect_refused({"xyzzy"}, "send, serve, probe, check, doctor and token are those there are");
}

TEST_F(ToolUsage, SendNeedsAFileAndAUrl) {
  expect_refused({"send"}, "are needed");
  expect_refused({"send", "film.wmv"}, "one of them is missing");
  expect_refused({"send", "film.wmv", server.url(), "--fats"}, "did you mean --fast?");
  expect_refused({"send", "film.wmv", server.url(), "--fast", "--congestion", "drop"},
                 "leave out --congestion drop");
}

TEST_F(ToolUsage, SendNeedsTheUrlAtTheEndAndOnlyOne) {
  const std::string film = write_file("clip.asf", clip()).string();
  for (const Words& words :
       {Words{"send", server.url(), film}, Words{"send", film, server.url(), film},
        Words{"send", film, server.url(), server.url()}, Words{"send", "http://host/live", film}})
    expect_refused(words, "the URL comes last, and there is only one");
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolUsage, NeverShowsAPasswordWhereverItIsTyped) {
  const std::string film = write_file("clip.asf", clip()).string();
  const std::string url = "wmpush://joe:sEcr3t@127.0.0.1:1/live?pasword=sEcr3t";
  for (const Words& words :
       {Words{"send", url, film}, Words{"send", film, url, film}, Words{"send", film, url, url},
        Words{"send", "--json", url, film}, Words{"send", "-v", "--json", film, url},
        Words{"send", film, server.url() + "?pasword=sEcr3t", "-v", "--json", "--fast"},
        Words{"send", "./" + url, server.url(), "--json"}, Words{url}, Words{"help", url},
        Words{"serve", "--listen", url}, Words{"serve", "--record", film + "/" + url},
        Words{"serve", url}, Words{"probe", url, url}, Words{"probe", url, "--json", "-v"},
        Words{"probe", "wmpsh://joe:sEcr3t@host/live"}, Words{"send", film, "--pasword=sEcr3t"}}) {
    const Finished finished = run(wmpush(words));
    EXPECT_THAT(finished.output + finished.error, Not(HasSubstr("sEcr3t"))) << words.front();
  }
}

TEST_F(ToolUsage, StandardInputCanBeNamedOnce) {
  expect_refused({"send", "-", "b.wmv", "-", server.url()}, "only once");
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolUsage, AUrlThatIsNoneIsBadUsage) {
  const std::string film = write_file("clip.asf", clip()).string();
  expect_refused({"send", film, "ftp://host/live"}, "ftp");
  expect_refused({"send", film, "live"}, "not a URL");
  expect_refused({"send", film, "wmpush://:80/live"}, "no host", "NS_E_INVALID_NAME (0xC00D001C)");
  expect_refused({"probe", "wmpush://host:99999/live"}, "99999");
}

TEST_F(ToolUsage, AnOptionOutOfRangeIsRefusedWithItsRange) {
  const std::string film = write_file("clip.asf", clip()).string();
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    if (info->type == WMPUSH_OPTION_TEXT) continue;
    expect_refused({"send", film, server.url(), std::string("--") + info->name, "-1"}, info->name);
    expect_refused({"send", film, server.url(), std::string("--") + info->name, "x"}, " to ");
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolUsage, EveryOptionIsTakenWithAValueThatItMayHave) {
  const std::string film = write_file("clip.asf", clip()).string();
  const std::string password = write_file("password", "hunter2\n").string();
  Words words{"send", film, server.url(), "--fast"};
  for (std::size_t i = 0; const wmpush_option_info* info = wmpush_option_at(i); ++i) {
    words.push_back(std::string("--") + info->name);
    const std::string name = info->name;
    if (info->type == WMPUSH_OPTION_DURATION)
      words.push_back(std::to_string(info->default_value) + "us");
    else if (info->type != WMPUSH_OPTION_TEXT)
      words.push_back(std::to_string(info->default_value));
    else
      words.push_back(name == "password_file"  ? password
                      : name == "template_url" ? "/live"
                      : name == "auth"         ? "any"
                      : name == "resume"       ? "auto"
                      : name == "congestion"   ? "block"
                      : name == "http_proxy"   ? ""
                                               : "me");
  }
  const Finished push = run(wmpush(words));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolUsage, APasswordFileOrAProxyInTheUrlIsBadUsage) {
  const std::string film = write_file("clip.asf", clip()).string();
  const std::string password = write_file("password", "hunter2\n").string();
  for (const std::string option : {"password_file", "http_proxy"}) {
    const std::string url = server.url() + "?" + option + "=" + password;
    expect_refused({"send", film, url}, option + " is not taken from a URL");
    expect_refused({"probe", url}, "--" + option + " of wmpush");
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolUsage, APasswordFileThatCannotBeReadIsBadUsage) {
  const std::string film = write_file("clip.asf", clip()).string();
  expect_refused({"send", film, server.url(), "--password_file", file("missing").string()},
                 "missing");
  expect_refused({"send", film, server.url(), "--password_file", folder.path().string()},
                 "is a directory");
}

}  // namespace
}  // namespace wmpush::test
