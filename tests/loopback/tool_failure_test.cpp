// The table of failures: what `wmpush send` says and how it exits.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ToolFailure : public ToolTest {
 protected:
  /// Pushes to `url`, and expects exit status 1 and one line that has `words` and ends with the
  /// result.
  void expect_failure(const std::string& url, const std::string& result, const Words& words) {
    Words call = quick({"send", input.string(), url});
    if (fast) call.emplace_back("--fast");
    const Finished push = run(wmpush(call));
    EXPECT_EQ(push.status, 1);
    EXPECT_EQ(push.output, "");
    EXPECT_EQ(lines_in(push.error), 1u) << push.error;
    EXPECT_THAT(push.error, StartsWith("wmpush send: "));
    EXPECT_THAT(push.error, HasSubstr(": " + result + " (0x"));
    EXPECT_THAT(push.error, EndsWith(")\n"));
    for (const std::string& word : words) EXPECT_THAT(push.error, HasSubstr(word));
    EXPECT_LT(push.seconds, 5);
  }
  void expect_status(int status, const std::string& result) {
    add_fault(At::PushSetup, Do::Respond, status);
    expect_failure(server.url(), result, {server.url(), std::to_string(status)});
  }

  std::filesystem::path input = write_file("input.asf", clip());
  /// False where the failure must strike before the input has ended.
  bool fast = true;
};

TEST_F(ToolFailure, RefusedConnection) {
  const std::string url = server.url();
  server.stop();
  expect_failure(url, "NS_E_PUSH_CANNOTCONNECT", {url, "refused"});
}

TEST_F(ToolFailure, NoSuchHost) {
  expect_failure("wmpush://nowhere.invalid/live", "NS_E_SERVER_NOT_FOUND", {"nowhere.invalid"});
}

TEST_F(ToolFailure, PlainWebServer) {
  Fault fault;
  fault.response = "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Length: 0\r\n\r\n";
  server.add_fault(fault);
  expect_failure(server.url(), "NS_E_INCOMPATIBLE_PUSH_SERVER", {"nginx/1.22.1"});
}

TEST_F(ToolFailure, Status401) { expect_status(401, "NS_E_SERVER_ACCESSDENIED"); }
TEST_F(ToolFailure, Status403) { expect_status(403, "NS_E_SERVER_ACCESSDENIED"); }
TEST_F(ToolFailure, Status404) { expect_status(404, "NS_E_INVALID_PUSH_PUBLISHING_POINT"); }
TEST_F(ToolFailure, Status409) { expect_status(409, "NS_E_PUSH_DUPLICATE_PUBLISHING_POINT_NAME"); }
TEST_F(ToolFailure, Status503) { expect_status(503, "NS_E_SERVER_UNAVAILABLE"); }

TEST_F(ToolFailure, NoSuchPublishingPoint) {
  expect_failure(server.url("/nowhere"), "NS_E_INVALID_PUSH_PUBLISHING_POINT", {"/nowhere", "404"});
}

TEST_F(ToolFailure, SilenceAfterConnect) {
  add_fault(At::Connect, Do::Stall);
  expect_failure(server.url(), "NS_E_TIMEOUT", {server.url()});
}

TEST_F(ToolFailure, SilenceAfterPushSetup) {
  add_fault(At::PushSetup, Do::Silence);
  expect_failure(server.url(), "NS_E_TIMEOUT", {server.url()});
}

TEST_F(ToolFailure, C25_Status408InMidBody) {
  add_fault(At::Packet, Do::Respond, 408, 2);
  fast = false;
  expect_failure(server.url(), "NS_E_TIMEOUT", {server.url(), "408"});
}

TEST_F(ToolFailure, C26_CloseInMidBody) {
  add_fault(At::Packet, Do::Close, 0, 2);
  fast = false;
  expect_failure(server.url(), "NS_E_CONNECTION_FAILURE", {server.url()});
}

TEST_F(ToolFailure, C26_ResetInMidBody) {
  add_fault(At::Packet, Do::Reset, 0, 2);
  fast = false;
  expect_failure(server.url(), "NS_E_CONNECTION_FAILURE", {server.url()});
}

TEST_F(ToolFailure, C30_ResetRightAfterTheEnd) {
  add_fault(At::End, Do::Reset);
  expect_failure(server.url(), "NS_E_CONNECTION_FAILURE", {server.url()});
}

TEST_F(ToolFailure, APeerThatStopsReading) {
  add_fault(At::PushStart, Do::Stall);
  input = write_file("long.asf", long_stream(30'000'000));
  expect_failure(server.url(), "NS_E_TIMEOUT", {server.url()});
}

TEST_F(ToolFailure, InputThatIsNotAsfDisturbsNoServer) {
  input = write_file("input.txt", std::string(5000, 'x'));
  expect_failure(server.url(), "NS_E_INVALID_DATA", {"input.txt", "ASF"});
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolFailure, StandardInputThatIsNotAsf) {
  const auto text = write_file("input.txt", std::string(5000, 'x'));
  const Finished push = run({"sh", "-c", "cat \"$1\" | \"$2\" send - \"$3\"", "sh", text.string(),
                             WMPUSH_PROGRAM, server.url()});
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(last_line(push.error), EndsWith("NS_E_INVALID_DATA (0xC00D002F)"));
  EXPECT_THAT(push.error, HasSubstr("standard input"));
}

TEST_F(ToolFailure, AnEmptyFile) {
  input = write_file("empty.asf", "");
  expect_failure(server.url(), "NS_E_INVALID_DATA", {"empty.asf is empty"});
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolFailure, AFileThatEndsInItsHeader) {
  input = write_file("short.asf", clip().substr(0, 300));
  expect_failure(server.url(), "NS_E_INVALID_DATA", {"short.asf"});
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolFailure, TruncatedAsfIsDeliveredAsFarAsItIsWhole) {
  const std::string cut = clip().substr(0, clip().size() / 2 + 7);
  const std::size_t whole = packets_in(cut);
  ASSERT_GT(whole, 5u);
  input = write_file("cut.asf", cut);
  expect_failure(server.url(), "NS_E_INVALID_DATA", {"cut.asf"});
  const auto session = last_session();
  EXPECT_EQ(session.packets, whole);
  EXPECT_TRUE(session.end_of_stream);
  EXPECT_EQ(session.end_reason, 0xC00D002F) << "the server is told that the stream broke off";
}

TEST_F(ToolFailure, AFileThatIsNotThere) {
  input = file("missing.wmv");
  expect_failure(server.url(), "E_FAIL", {"missing.wmv", "No such file"});
}

TEST_F(ToolFailure, AFolder) {
  input = folder.path();
  expect_failure(server.url(), "E_FAIL", {"Is a directory"});
}

TEST_F(ToolFailure, IsInTheJsonSummaryToo) {
  add_fault(At::PushSetup, Do::Respond, 503);
  const Finished push = run(wmpush(quick({"send", input.string(), server.url(), "--json"})));
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.output,
              HasSubstr(R"("result": "NS_E_SERVER_UNAVAILABLE", "value": "0xC00D2EE6")"));
  EXPECT_THAT(push.output, HasSubstr(R"("http_status": 503)"));
  EXPECT_THAT(last_line(push.error), EndsWith("NS_E_SERVER_UNAVAILABLE (0xC00D2EE6)"));
}

TEST_F(ToolFailure, IsNoticedWhileTheInputIsSilent) {
  Fifo fifo(file("fifo"));
  ChildProcess push(wmpush_reading(fifo.path(), {"send", "-", server.url(), "--fast"}));
  ASSERT_TRUE(fifo.write(std::string_view(clip()).substr(0, clip().size() / 2)));
  ASSERT_TRUE(server.wait_for(
      [&] { return !server.sessions().empty() && server.sessions().back().packets > 3; }));
  server.disconnect("/live", 503);
  EXPECT_EQ(push.wait(), 1);
  EXPECT_THAT(last_line(push.error_text()), EndsWith("NS_E_SERVER_UNAVAILABLE (0xC00D2EE6)"));
}

}  // namespace
}  // namespace wmpush::test
