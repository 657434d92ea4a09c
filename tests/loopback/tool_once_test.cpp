// `wmpush serve --once`: one push, a report of it, and an exit status that judges it.
#include <csignal>

#include "serve_run.hpp"
#include "support/asf_builder.hpp"
#include "support/raw_client.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using wmhttp::FrameId;

class ToolOnce : public ServeTest {
 protected:
  Words once(Words more = {}) const {
    Words words{"serve", "--once", "--listen", "127.0.0.1:0", "--report", report_path()};
    words.insert(words.end(), more.begin(), more.end());
    return wmpush(words);
  }
  std::string report_path() const { return file("report.json").string(); }
  std::string report() const { return read_file(report_path()); }
  /// What Python makes of an expression over the report `r`.
  std::string ask(const std::string& expression) const {
    const Finished python =
        run({"python3", "-c",
             "import json, sys; r = json.load(open(sys.argv[1])); print((" + expression + "))",
             report_path()});
    EXPECT_EQ(python.status, 0) << python.error << report();
    return python.output.substr(0, python.output.find('\n'));
  }
  std::string result_of(const std::string& rule) const {
    return ask("[x['result'] for x in r['rules'] if x['id'] == '" + rule + "']");
  }
  /// A client that has set a session up.
  static std::string set_up(RawClient& client) {
    client.send(RequestText::setup().text());
    return push_id_of(client.read_response());
  }
};

TEST_F(ToolOnce, EndsWithSuccessAfterAWholePushThatKeptEveryRule) {
  ChildProcess serve(once({"--record", file("kept").string()}));
  const std::string url = url_of(serve);
  EXPECT_EQ(run(wmpush({"send", film(), url, "--fast"})).status, 0);
  EXPECT_EQ(serve.wait(), 0) << serve.error_text();
  EXPECT_EQ(serve.error_text(), "");
  EXPECT_THAT(serve.output(), HasSubstr("a whole push, which kept every rule"));
  EXPECT_EQ(ask("r['result'], r['exit_status'], r['breaches']"), "('whole', 0, [])");
  EXPECT_EQ(ask("r['push']['packets'], r['push']['entries'], r['push']['end_reason']"),
            "(" + std::to_string(packets_in(clip())) + ", 1, '0x00000000')");
  EXPECT_EQ(ask("r['push']['point'], r['push']['user_agent'].split('/')[0]"),
            "('/live', 'WMEncoder')");
  EXPECT_EQ(ask("set(x['result'] for x in r['rules'])"), "{'kept'}");
  EXPECT_EQ(ask("[x['id'][0] for x in r['rules']].count('F'), len(r['rules'])"), "(8, 17)");
  const std::string recording = ask("r['push']['recordings'][0]['file']");
  EXPECT_EQ(packets_in(read_file(recording)), packets_in(clip()));
}

TEST_F(ToolOnce, TellsWhichRuleOfTheRequestsWasBroken) {
  ChildProcess serve(once());
  RawClient client(port_of(url_of(serve)));
  client.send(RequestText::setup().add("Expect", "100-continue").text());
  EXPECT_EQ(status_of(client.read_response()), 400);
  EXPECT_EQ(serve.wait(), 3) << serve.error_text();
  EXPECT_THAT(last_line(serve.error_text()),
              AllOf(HasSubstr("no push began"), HasSubstr("C05"), HasSubstr("Expect")));
  EXPECT_EQ(ask("r['result'], r['exit_status'], r['push']"), "('rules broken', 3, None)");
  EXPECT_EQ(result_of("C05"), "['broken']");
  EXPECT_EQ(result_of("F01"), "['not seen']");
  EXPECT_EQ(ask("[b['rule'] for b in r['breaches']]"), "['C05']");
}

TEST_F(ToolOnce, TellsWhichRuleOfTheStreamWasBroken) {
  ChildProcess serve(once());
  RawClient client(port_of(url_of(serve)));
  const std::string id = set_up(client);
  client.send(RequestText::start(id).text() + frame(FrameId::Data, "no header came"));
  client.read_to_end();
  EXPECT_EQ(serve.wait(), 3) << serve.error_text();
  EXPECT_EQ(result_of("F02"), "['broken']");
  EXPECT_EQ(result_of("C05"), "['kept']");
  EXPECT_EQ(ask("r['push']['end_of_stream'], r['push']['end_reason']"), "(False, None)");
}

TEST_F(ToolOnce, SeesWhatComesBehindTheEndOfAStream) {
  ChildProcess serve(once());
  RawClient client(port_of(url_of(serve)));
  const std::string id = set_up(client);
  client.send(RequestText::start(id).text() + frame(FrameId::Header, make_header(HeaderSpec{})) +
              end_frame());
  ASSERT_TRUE(serve.wait_for_output(" ended: ")) << serve.error_text();
  client.send("and more");
  EXPECT_EQ(serve.wait(), 3) << serve.error_text();
  EXPECT_EQ(result_of("F08"), "['broken']");
}

TEST_F(ToolOnce, NamesThePointThatIsNotThere) {
  ChildProcess serve(once());
  std::string url = url_of(serve);
  EXPECT_EQ(run(wmpush({"send", film(), url + "2", "--fast"})).status, 1);
  EXPECT_EQ(serve.wait(), 3);
  EXPECT_EQ(result_of("S05"), "['broken']");
}

TEST_F(ToolOnce, SaysThatNothingCameInTime) {
  const Finished serve = run(once({"--timeout", "1s"}));
  EXPECT_EQ(serve.status, 4);
  EXPECT_THAT(last_line(serve.error), HasSubstr("no push began within 1 s"));
  EXPECT_EQ(ask("r['result'], r['exit_status'], r['push']"), "('not whole', 4, None)");
}

TEST_F(ToolOnce, SaysThatAPushBrokeOff) {
  ChildProcess serve(once({"--timeout", "1s"}));
  RawClient client(port_of(url_of(serve)));
  const std::string id = set_up(client);
  client.send(RequestText::start(id).text());
  ASSERT_TRUE(serve.wait_for_output(" started "));
  client.reset();
  EXPECT_EQ(serve.wait(), 4) << serve.error_text();
  EXPECT_THAT(last_line(serve.error_text()), HasSubstr("the push is not whole"));
  EXPECT_THAT(ask("r['push']['ended_because']"), HasSubstr("connection was lost"));
}

TEST_F(ToolOnce, CountsAnEndWithAFailureAsBrokenOff) {
  ChildProcess serve(once());
  const std::string url = url_of(serve);
  const auto torn = file("torn.asf");
  std::ofstream(torn, std::ios::binary) << clip().substr(0, clip().size() * 2 / 3);
  EXPECT_EQ(run(wmpush({"send", torn.string(), url, "--fast"})).status, 1);
  EXPECT_EQ(serve.wait(), 4);
  EXPECT_THAT(ask("r['push']['end_reason']"), Not(HasSubstr("None")));
}

TEST_F(ToolOnce, ReportsWhatCameWhenASignalEndsIt) {
  ChildProcess serve(once());
  url_of(serve);
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.wait(), 4);
  EXPECT_THAT(ask("r['message']"), HasSubstr("a signal came"));
}

TEST_F(ToolOnce, SaysAtOnceThatAReportCannotBeWritten) {
  const Finished serve = run(wmpush(
      {"serve", "--once", "--listen", "127.0.0.1:0", "--report", file("no/such/folder").string()}));
  EXPECT_EQ(serve.status, 1);
  EXPECT_THAT(last_line(serve.error), AllOf(HasSubstr("cannot be written"), HasSubstr("No such")));
}

TEST_F(ToolOnce, RefusesAReportOrATimeoutWithoutIt) {
  for (const char* name : {"--report", "--timeout"}) {
    const Finished serve = run(wmpush({"serve", name, "5s"}));
    EXPECT_EQ(serve.status, 2);
    EXPECT_THAT(last_line(serve.error), HasSubstr("needs --once"));
  }
  EXPECT_EQ(run(wmpush({"serve", "--once", "--timeout", "soon"})).status, 2);
}

}  // namespace
}  // namespace wmpush::test
