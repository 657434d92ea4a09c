// `wmpush probe` against publishing points and against what is none.
#include <algorithm>

#include "support/raw_server.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

using ToolProbe = ToolTest;

TEST_F(ToolProbe, TellsWhatIsThereAndPushesNothing) {
  const Finished probe = run(wmpush({"probe", server.url()}));
  EXPECT_EQ(probe.status, 0) << probe.error;
  EXPECT_THAT(probe.output,
              AllOf(HasSubstr(server.url() + " accepts a push"),
                    HasSubstr("Cougar/9.6.7600.16564 (Windows Media Services"),
                    HasSubstr("127.0.0.1:" + std::to_string(server.port())),
                    HasSubstr("session id  "), HasSubstr("60 s without data\n"),
                    HasSubstr("com.microsoft.wm."), HasSubstr(" ms to connect and set up")));
  EXPECT_EQ(probe.error, "");
  EXPECT_EQ(server.requests(), 1u);
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolProbe, OnlyConnectsWhereThatIsAskedFor) {
  std::string request;
  RawServer other([&](RawServer::Connection& connection) {
    request = connection.read_head();
    connection.send("HTTP/1.1 501 No\r\nServer: Rex/9.0\r\nContent-Length: 0\r\n\r\n");
  });
  const Finished probe = run(wmpush({"probe", "--connect", other.url()}));
  EXPECT_EQ(probe.status, 0) << probe.error;
  EXPECT_THAT(request, testing::StartsWith("OPTIONS * HTTP/1.1\r\n"));
  EXPECT_THAT(probe.output,
              AllOf(HasSubstr(other.url() + " answers"), HasSubstr("Rex/9.0 (Windows"),
                    HasSubstr("Nothing was asked of the publishing point")));
  const Finished json = run(wmpush({"probe", "--connect", "--json", other.url()}));
  EXPECT_THAT(json.output,
              AllOf(HasSubstr(R"("result": "S_OK")"), HasSubstr(R"("server": "Rex/9.0")")));
}

TEST_F(ToolProbe, OnlyConnectsAndStartsNothingAtAPublishingPoint) {
  const Finished probe = run(wmpush({"probe", "--connect", server.url()}));
  EXPECT_EQ(probe.status, 0) << probe.error;
  EXPECT_THAT(probe.output, HasSubstr("Cougar/9.6"));
  EXPECT_TRUE(server.sessions().empty());
}

TEST_F(ToolProbe, SaysWhyItCouldNotConnectOrGotNoAnswer) {
  const Finished nowhere = run(wmpush({"probe", "--connect", "wmpush://127.0.0.1:1/live"}));
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(nowhere.error, HasSubstr("NS_E_PUSH_CANNOTCONNECT"));
  RawServer closing([](RawServer::Connection& connection) { connection.read_head(); });
  const Finished closed = run(wmpush({"probe", "--connect", closing.url()}));
  EXPECT_THAT(closed.error, AllOf(HasSubstr("closed the connection"), EndsWith("0xC00D0029)\n")));
  RawServer silent([](RawServer::Connection& connection) {
    connection.read_head();
    connection.read_some();
  });
  const Finished late =
      run(wmpush({"probe", "--connect", silent.url(), "--response_timeout", "100ms"}));
  EXPECT_THAT(late.error, HasSubstr("NS_E_TIMEOUT"));
  RawServer odd([](RawServer::Connection& connection) {
    connection.read_head();
    connection.send("SSH-2.0-x\r\n");
  });
  EXPECT_THAT(run(wmpush({"probe", "--connect", odd.url()})).error,
              HasSubstr("NS_E_INCOMPATIBLE_PUSH_SERVER"));
}

TEST_F(ToolProbe, TellsItAsJson) {
  const Finished probe = run(wmpush({"probe", server.url(), "--json"}));
  EXPECT_EQ(probe.status, 0);
  EXPECT_THAT(probe.output, AllOf(HasSubstr(R"("result": "S_OK")"),
                                  HasSubstr(R"("server": "Cougar/9.6.7600.16564")"),
                                  HasSubstr(R"("version": "9.6.7600.16564")"),
                                  HasSubstr(R"("idle_timeout_seconds": 60.000000)")));
  EXPECT_EQ(
      run({"python3", "-c", "import json, sys; json.loads(sys.argv[1])", probe.output}).status, 0);
}

TEST_F(ToolProbe, SaysWhyNot) {
  const Finished missing = run(wmpush({"probe", server.url("/nowhere")}));
  EXPECT_EQ(missing.status, 1);
  EXPECT_EQ(missing.output, "");
  EXPECT_THAT(missing.error, HasSubstr("404"));
  EXPECT_THAT(missing.error, EndsWith("NS_E_INVALID_PUSH_PUBLISHING_POINT (0xC00D151B)\n"));

  Fault web;
  web.response = "HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Length: 2\r\n\r\nhi";
  server.add_fault(web);
  const Finished foreign = run(wmpush({"probe", server.url(), "--json"}));
  EXPECT_EQ(foreign.status, 1);
  EXPECT_THAT(foreign.output, HasSubstr(R"("result": "NS_E_INCOMPATIBLE_PUSH_SERVER")"));
  EXPECT_THAT(foreign.error, EndsWith("NS_E_INCOMPATIBLE_PUSH_SERVER (0xC00D2F0C)\n"));

  add_fault(At::PushSetup, Do::Silence);
  const Finished silent = run(wmpush({"probe", server.url(), "--response-timeout", "200ms"}));
  EXPECT_EQ(silent.status, 1);
  EXPECT_THAT(silent.error, EndsWith("NS_E_TIMEOUT (0xC00D0013)\n"));
}

TEST_F(ToolProbe, SaysWhatToTryWhereTheAnswerIsNo) {
  const Finished missing = run(wmpush({"probe", server.url("/nowhere")}));
  EXPECT_THAT(missing.error, AllOf(HasSubstr("What to try:\n  - "), HasSubstr("--template_url")));
  const Finished nowhere = run(wmpush({"probe", "--connect", "wmpush://127.0.0.1:1/live"}));
  EXPECT_THAT(nowhere.error, HasSubstr("wmpush doctor 'wmpush://127.0.0.1:1/live'"));
  Fault web;
  web.response = "HTTP/1.1 200 OK\r\nServer: Apache\r\nContent-Length: 2\r\n\r\nhi";
  server.add_fault(web);
  const Finished json = run(wmpush({"probe", server.url(), "--json"}));
  EXPECT_THAT(json.output,
              AllOf(HasSubstr(R"("advice": [{"text": ")"), HasSubstr("strict_server")));
  EXPECT_EQ(lines_in(json.error), 1u);
  EXPECT_THAT(run(wmpush({"probe", server.url(), "--json"})).output, HasSubstr(R"("advice": [])"));
}

TEST_F(ToolProbe, TellsWhatTheServerDidNotSay) {
  Fault terse;
  terse.response = "HTTP/1.1 204 No Content\r\nServer: Rex/12.0\r\nContent-Length: 0\r\n\r\n";
  server.add_fault(terse);
  const Finished probe = run(wmpush({"probe", server.url()}));
  EXPECT_EQ(probe.status, 0) << probe.error;
  EXPECT_THAT(
      probe.output,
      AllOf(HasSubstr("Rex/12.0 (Windows Media Encoder"), HasSubstr("session id  none given"),
            HasSubstr("the server did not say"), HasSubstr("features    none named")));
}

/// Whether every byte is a printable one of ASCII, or the end of a line.
bool is_plain(const std::string& text) {
  return std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= 0x20 && c < 0x7F); });
}

TEST_F(ToolProbe, PrintsNothingOfTheServersThatATerminalObeys) {
  // C1 in UTF-8 and as a byte, a right-to-left override, an isolate, a line separator, no UTF-8.
  const std::string evil =
      "\xC2\x9B"
      "31m\x9B"
      "2J\xE2\x80\xAE"
      "evil\xE2\x81\xA6\xE2\x80\xA8\xC2\x85|\xFF";
  const std::string escaped =
      R"(\xc2\x9b31m\x9b2J\xe2\x80\xaeevil\xe2\x81\xa6\xe2\x80\xa8\xc2\x85|\xff)";
  const std::string json = R"(\u009b31m\ufffd2J\u202eevil\u2066\u2028\u0085|\ufffd)";
  const std::string fields = "Server: Cougar/9.6 " + evil + "\r\nSupported: a" + evil +
                             "\r\nSet-Cookie: push-id=7" + evil + "\r\nContent-Length: 0\r\n\r\n";
  const RawServer willing([&](RawServer::Connection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 204 No " + evil + "\r\n" + fields);
    connection.read_some();
  });
  for (const bool verbose : {false, true}) {
    Words words{"probe", willing.url(), "--strict_server", "1"};
    if (verbose) words.push_back("--verbose");
    const Finished plain = run(wmpush(words));
    EXPECT_EQ(plain.status, 0) << plain.error;
    EXPECT_TRUE(is_plain(plain.output + plain.error)) << plain.output << plain.error;
    EXPECT_THAT(plain.output,
                AllOf(HasSubstr("server      Cougar/9.6 " + escaped),
                      HasSubstr("session id  7" + escaped), HasSubstr("features    a" + escaped)));
    words.push_back("--json");
    const Finished object = run(wmpush(words));
    EXPECT_EQ(object.status, 0) << object.error;
    EXPECT_TRUE(is_plain(object.output + object.error)) << object.output << object.error;
    EXPECT_THAT(object.output,
                AllOf(HasSubstr("\"Cougar/9.6 " + json + "\""), HasSubstr("\"7" + json + "\""),
                      HasSubstr("\"a" + json + "\"")));
  }

  const RawServer unwilling([&](RawServer::Connection& connection) {
    connection.read_head();
    connection.send("HTTP/1.1 403 No " + evil + "\r\nConnection: close\r\n" + fields);
  });
  for (const char* how : {"--verbose", "--json"}) {
    const Finished refused = run(wmpush({"probe", unwilling.url(), how}));
    EXPECT_EQ(refused.status, 1);
    EXPECT_TRUE(is_plain(refused.output + refused.error)) << refused.output << refused.error;
    EXPECT_THAT(refused.error, HasSubstr(escaped));
  }
}

TEST_F(ToolProbe, NeedsOneUrl) {
  EXPECT_EQ(run(wmpush({"probe"})).status, 2);
  EXPECT_EQ(run(wmpush({"probe", server.url(), server.url()})).status, 2);
}

}  // namespace
}  // namespace wmpush::test
