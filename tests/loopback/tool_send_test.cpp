// `wmpush send` from files and pipes, paced and fast, on terminals and elsewhere.
#include <fstream>

#include "asf/header.hpp"
#include "asf/splitter.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ToolSend : public ToolTest {
 protected:
  /// A file as ffmpeg writes it, with index and final sizes.
  std::filesystem::path make_file(const std::string& seconds, const Words& how = {}) {
    const auto path = file("made-" + seconds + ".asf");
    Words command{"ffmpeg", "-v",    "error", "-nostdin",
                  "-f",     "lavfi", "-i",    "testsrc2=size=160x120:rate=15:duration=" + seconds,
                  "-f",     "lavfi", "-i",    "sine=frequency=440:duration=" + seconds,
                  "-c:v",   "wmv2",  "-c:a",  "wmav2"};
    command.insert(command.end(), how.begin(), how.end());
    command.push_back(path.string());
    EXPECT_EQ(run(command).status, 0);
    return path;
  }

  /// What was recorded decodes to the frames of `file`, and no rule was broken.
  void expect_recorded(const std::filesystem::path& original) {
    const auto session = last_session();
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_EQ(session.end_reason, 0u);
    EXPECT_EQ(session.packets, packets_in(read_file(original)));
    const std::string frames = decoded_frames(original);
    EXPECT_NE(frames, "");
    EXPECT_EQ(decoded_frames(session.recording), frames);
    EXPECT_EQ(breaches(), "");
  }
};

TEST_F(ToolSend, PushesAFileAsFastAsTheNetworkTakesIt) {
  const auto film = make_file("3");
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_LT(push.seconds, 2.5);
  expect_recorded(film);
}

TEST_F(ToolSend, PushesAFileInItsOwnPace) {
  const auto film = make_file("1.5");
  const Finished push = run(wmpush({"send", film.string(), server.url()}));
  EXPECT_EQ(push.status, 0) << push.error;
  const double media = Seconds(last_session().media).count();
  EXPECT_GT(media, 1);
  EXPECT_GE(push.seconds, media - 0.01);
  EXPECT_LT(push.seconds, media + 3);
  expect_recorded(film);
}

TEST_F(ToolSend, SaysNothingWhereThereIsNoTerminal) {
  const auto film = write_file("clip.asf", clip());
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0);
  EXPECT_EQ(push.output, "");
  EXPECT_EQ(push.error, "");
}

TEST_F(ToolSend, PushesWhatComesThroughAPipe) {
  for (const char* layout : {"-f asf", "-f asf_stream"}) {
    const auto piped = write_file("piped", clip(layout));
    const Finished push = run({"sh", "-c", "cat \"$1\" | \"$2\" send - \"$3\" --fast", "sh",
                               piped.string(), WMPUSH_PROGRAM, server.url()});
    EXPECT_EQ(push.status, 0) << push.error;
    expect_recorded(write_file("clip.asf", clip("-f asf")));
  }
}

TEST_F(ToolSend, PushesAPipeInItsOwnPace) {
  const auto film = write_file("clip.asf", clip());
  const Finished push = run({"sh", "-c", "cat \"$1\" | \"$2\" send - \"$3\"", "sh", film.string(),
                             WMPUSH_PROGRAM, server.url()});
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_GE(push.seconds, Seconds(last_session().media).count() - 0.01);
  EXPECT_GT(push.seconds, 1.5);
  expect_recorded(film);
}

TEST_F(ToolSend, TakesAFileOnStandardInputAndAnOutputOfFfmpeg) {
  const auto film = make_file("1");
  EXPECT_EQ(run(wmpush_reading(film, {"send", "-", server.url(), "--fast"})).status, 0);
  expect_recorded(film);
  const Finished both =
      run({"sh", "-c",
           "ffmpeg -v error -nostdin -i \"$1\" -c copy -f asf - | \"$2\" send - \"$3\" --fast",
           "sh", film.string(), WMPUSH_PROGRAM, server.url()});
  EXPECT_EQ(both.status, 0) << both.error;
  EXPECT_EQ(last_session().packets, packets_in(read_file(film)));
}

TEST_F(ToolSend, PushesAWmvFileThatNobodyHereWrote) {
  const Finished fetched = run(
      {"bash", "-c", ". \"$1\"; fetch_media asf \"$2\"", "bash", MEDIA_SCRIPT, MEDIA_DIRECTORY});
  if (fetched.status != 0) GTEST_SKIP() << fetched.error;
  const std::filesystem::path film = fetched.output.substr(0, fetched.output.find('\n'));
  EXPECT_EQ(run(wmpush({"send", film.string(), server.url(), "--fast"})).status, 0);
  expect_recorded(film);
  // From a pipe as well: there its size and its end are not known beforehand.
  const Finished piped = run({"sh", "-c", "cat \"$1\" | \"$2\" send - \"$3\" --fast", "sh",
                              film.string(), WMPUSH_PROGRAM, server.url()});
  EXPECT_EQ(piped.status, 0) << piped.error;
  expect_recorded(film);
}

TEST_F(ToolSend, DropsWhatFollowsTheIndex) {
  const auto film = make_file("1");
  std::ofstream(film, std::ios::app | std::ios::binary) << std::string(7000, 'x');
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(last_session().end_reason, 0u);
}

TEST_F(ToolSend, SummarizesInJson) {
  const auto film = write_file("clip.asf", clip());
  const std::string url =
      "wmpush://me:hunter2@127.0.0.1:" + std::to_string(server.port()) + "/live";
  const Finished push = run(wmpush({"send", film.string(), url, "--fast", "--json"}));
  EXPECT_EQ(push.status, 0);
  const std::string count = std::to_string(packets_in(clip()));
  EXPECT_EQ(lines_in(push.output), 1u);
  EXPECT_THAT(push.output,
              AllOf(HasSubstr(R"("result": "S_OK", "value": "0x00000000")"),
                    HasSubstr(R"("http_status": null)"), HasSubstr("wmpush://me:***@127.0.0.1:"),
                    HasSubstr("\"packets_accepted\": " + count),
                    HasSubstr("\"packets_sent\": " + count), Not(HasSubstr("hunter2"))));
  EXPECT_EQ(run({"python3", "-c", "import json, sys; json.loads(sys.argv[1])", push.output}).status,
            0);
}

TEST_F(ToolSend, SaysThatTheSummaryCouldNotBeWritten) {
  const auto film = write_file("clip.asf", clip());
  const Finished push = run({"sh", "-c", "exec \"$@\" >/dev/full", "sh", WMPUSH_PROGRAM, "send",
                             film.string(), server.url(), "--fast", "--json"});
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(last_line(push.error), AllOf(HasSubstr("the push has ended well"),
                                           HasSubstr("No space left"), HasSubstr("E_FAIL")));
  EXPECT_TRUE(last_session().end_of_stream);
}

TEST_F(ToolSend, WarnsWhenNothingButTheHeaderWasThere) {
  const std::size_t size = load_le<std::uint64_t>(as_bytes(clip()), 16) + asf::kDataObjectHeadSize;
  const auto film = write_file("header.asf", clip().substr(0, size));
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(push.error, AllOf(HasSubstr("warning: "), HasSubstr("no data packet came")));
  EXPECT_EQ(last_session().packets, 0u);
}

TEST_F(ToolSend, PushesAFileBehindAnId3Tag) {
  const auto film = write_file("tagged.wma", std::string("ID3\4\0\0\0\0\0\5hello", 15) + clip());
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(last_session().packets, packets_in(clip()));
}

TEST_F(ToolSend, DrawsAProgressLineOnATerminalAndClearsIt) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  Terminal terminal;
  const auto film = make_file("1.5");
  const Finished push = run(wmpush_telling(terminal.path(), {"send", film.string(), server.url()}));
  EXPECT_EQ(push.status, 0);
  const std::string text = terminal.text();
  EXPECT_THAT(text, HasSubstr("\r00:00:0"));
  EXPECT_THAT(text, HasSubstr("kbit/s"));
  EXPECT_THAT(text, ContainsRegex("\\[#+\\.+\\] [0-9]+%  00:00:0[0-9] left\x1b"));
  EXPECT_THAT(text, HasSubstr("\r\x1b[Kpushed 00:00:01"));
  std::size_t drawn = 0;
  for (std::size_t at = 0; (at = text.find("\r0", at)) != text.npos; ++at) ++drawn;
  EXPECT_GE(drawn, 3u);
  EXPECT_LE(static_cast<double>(drawn), push.seconds * 5 + 2);
}

TEST_F(ToolSend, FitsTheProgressLineIntoANarrowTerminal) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  constexpr std::size_t kColumns = 30;
  Terminal terminal(kColumns);
  const auto film = write_file("clip.asf", clip());
  EXPECT_EQ(run(wmpush_telling(terminal.path(), {"send", film.string(), server.url()})).status, 0);
  const std::string text = terminal.text();
  std::size_t lines = 0;
  for (std::size_t at = 0, end; (at = text.find("\r0", at)) != text.npos; at = end) {
    end = text.find("\x1b[K", at);
    ASSERT_NE(end, text.npos);
    EXPECT_LT(end - at - 1, kColumns) << text.substr(at, end - at);
    ++lines;
  }
  EXPECT_GE(lines, 3u);
}

TEST_F(ToolSend, TheProgressLineTellsOfAConnectionThatWasMadeAgain) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  Terminal terminal;
  add_fault(At::Packet, Do::Reset, 0, 10);
  const auto film = write_file("clip.asf", clip());
  EXPECT_EQ(run(wmpush_telling(terminal.path(), {"send", film.string(), server.url(), "--reconnect",
                                                 "1", "--reconnect_delay_max", "50ms"}))
                .status,
            0);
  EXPECT_THAT(terminal.text(), HasSubstr("  1 reconnect"));
}

TEST_F(ToolSend, ClearsTheProgressLineBeforeTheReasonOfAFailure) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  Terminal terminal;
  add_fault(At::Packet, Do::Reset, 0, 10);
  const auto film = write_file("clip.asf", clip());
  EXPECT_EQ(run(wmpush_telling(terminal.path(), {"send", film.string(), server.url()})).status, 1);
  EXPECT_THAT(terminal.text(), HasSubstr("\r\x1b[Kwmpush send: "));
  EXPECT_THAT(last_line(terminal.text()), EndsWith("NS_E_CONNECTION_FAILURE (0xC00D0029)\r"));
}

TEST_F(ToolSend, TellsTheConversationWhenAskedTo) {
  const auto film = write_file("clip.asf", clip());
  const Finished push = run(wmpush({"send", film.string(), server.url(), "--fast", "-v"}));
  EXPECT_EQ(push.status, 0);
  EXPECT_THAT(push.error, HasSubstr("session accepted by Cougar/9.6"));
}

TEST_F(ToolSend, HidesAPasswordFromTheListOfProcesses) {
  Fifo fifo(file("fifo"));
  const std::string url =
      "wmpush://me:hunter2@127.0.0.1:" + std::to_string(server.port()) + "/live";
  ChildProcess push(
      wmpush_reading(fifo.path(), {"send", "-", url, "--password", "hunter2", "--verbose"}));
  ASSERT_TRUE(server.wait_for([&] { return server.requests() > 0; }));
  const std::string words = read_file("/proc/" + std::to_string(push.id()) + "/cmdline");
  EXPECT_THAT(words, HasSubstr("wmpush://me:*******@127.0.0.1"));
  EXPECT_THAT(words, Not(HasSubstr("hunter2")));
  fifo.close();
  EXPECT_EQ(push.wait(), 1) << "nothing was written";
  EXPECT_THAT(push.error_text(), Not(HasSubstr("hunter2")));
}

TEST_F(ToolSend, CreatesAPublishingPointFromATemplate) {
  const auto film = write_file("clip.asf", clip());
  const Finished push = run(wmpush({"send", film.string(), server.url("/new"), "--fast",
                                    "--template-url", "/live", "--auto_destroy", "0"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(server.points(), ::testing::Contains("/new"));
  const Finished other = run(wmpush({"send", film.string(), server.url("/other"), "--fast",
                                     "--template_url=/live", "--auto_destroy=1"}));
  EXPECT_EQ(other.status, 0) << other.error;
  last_session();
  EXPECT_THAT(server.points(), Not(::testing::Contains("/other")));
  const Finished missing = run(wmpush(
      {"send", film.string(), server.url("/third"), "--fast", "--template_url", "/nowhere"}));
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.error, HasSubstr("NS_E_INVALID_PUSH_TEMPLATE"));
}

TEST_F(ToolSend, HandsItsOptionsToTheLibrary) {
  const auto film = write_file("clip.asf", clip());
  EXPECT_EQ(
      run(wmpush({"send", film.string(), server.url(), "--fast", "--user_agent", "me/1"})).status,
      0);
  EXPECT_THAT(last_session().user_agent, EndsWith(" me/1"));
  const std::uint64_t stripped = last_session().bytes;
  EXPECT_EQ(
      run(wmpush({"send", film.string(), server.url(), "--fast", "--strip_padding", "0"})).status,
      0);
  EXPECT_GT(last_session().bytes, stripped);
  Fault foreign;
  foreign.response =
      "HTTP/1.1 204 No Content\r\nServer: relay/1\r\nContent-Length: 0\r\n"
      "Set-Cookie: push-id=1\r\n\r\n";
  server.add_fault(foreign);
  const Finished lenient = run(wmpush({"probe", server.url(), "--strict_server", "0"}));
  EXPECT_EQ(lenient.status, 0) << lenient.error;
  EXPECT_THAT(lenient.error, HasSubstr("warning: "));
}

TEST_F(ToolSend, TakesOptionsFromTheQueryOfTheUrl) {
  const auto film = write_file("clip.asf", clip());
  const Finished push =
      run(wmpush({"send", film.string(), server.url() + "?user_agent=from_url", "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(last_session().user_agent, EndsWith(" from_url"));
}

}  // namespace
}  // namespace wmpush::test
