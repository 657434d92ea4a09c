// `wmpush send` with several inputs, one after another in one push.
#include <csignal>
#include <fstream>

#include "support/asf_builder.hpp"
#include "tool_run.hpp"

namespace wmpush::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

/// A header of `size` bytes, as a Header unit has them.
std::string header_of_size(std::size_t size) {
  HeaderSpec spec;
  spec.streams = {StreamSpec::audio(1)};
  spec.bitrates = {{{1, 64'000}}};
  spec.filling = size - make_header(spec).size();
  return std::string(as_text(make_header(spec)));
}

class ToolPlaylist : public ToolTest {
 protected:
  /// Two seconds of picture and tone, unless `arguments` say otherwise, as a file with an index.
  std::filesystem::path make_file(const std::string& name, const Words& arguments = {}) {
    Words command{"ffmpeg", "-v", "error", "-nostdin", "-i", piped().string(), "-c", "copy"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    command.push_back(file(name).string());
    EXPECT_EQ(run(command).status, 0);
    return file(name);
  }
  std::filesystem::path piped() { return write_file("piped", clip()); }

  /// The push was one session, and each of its entries decodes to the frames of one file.
  void expect_entries(const std::vector<std::filesystem::path>& files) {
    const auto session = last_session();
    EXPECT_EQ(server.sessions().size(), 1u);
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_EQ(session.end_reason, 0u);
    EXPECT_EQ(session.entries, files.size());
    EXPECT_EQ(breaches(), "");
    ASSERT_EQ(session.recordings.size(), files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string frames = decoded_frames(files[i]);
      EXPECT_NE(frames, "");
      EXPECT_EQ(decoded_frames(session.recordings[i]), frames) << files[i];
    }
  }
};

TEST_F(ToolPlaylist, F05_PushesEachFileAsAnEntryOfOneSession) {
  const auto first = make_file("first.wmv");
  const auto sound = make_file("sound.wma", {"-vn", "-packet_size", "1400"});
  const auto picture = make_file("picture.asf", {"-an", "-packet_size", "20000"});
  const Finished push = run(
      wmpush({"send", first.string(), sound.string(), picture.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(push.error, "");
  expect_entries({first, sound, picture});
}

TEST_F(ToolPlaylist, F05_F07_EntriesMayEndWhereALengthIsUsedUp) {
  const auto first = make_file("first.wmv");
  const auto large = make_file("large.asf", {"-packet_size", "30000"});
  for (const char* length : {"70000", "90123"}) {
    const Finished push = run(wmpush({"send", first.string(), large.string(), first.string(),
                                      server.url(), "--fast", "--content_length", length}));
    EXPECT_EQ(push.status, 0) << push.error;
    const auto session = last_session();
    EXPECT_GT(session.push_starts, 3u);
    ASSERT_EQ(session.recordings.size(), 3u);
    EXPECT_EQ(decoded_frames(session.recordings[1]), decoded_frames(large));
    EXPECT_EQ(decoded_frames(session.recordings[2]), decoded_frames(first));
  }
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolPlaylist, KeepsThePaceFromOneEntryToTheNext) {
  // Shorter than the disorder that is taken for one within a stream.
  const auto film = make_file("film.wmv", {"-t", "0.8"});
  const Finished alone = run(wmpush({"send", film.string(), server.url()}));
  ASSERT_EQ(alone.status, 0) << alone.error;
  const double media = Seconds(last_session().media).count();
  ASSERT_GT(media, 0.3);
  const Finished push =
      run(wmpush({"send", film.string(), film.string(), film.string(), server.url()}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_GE(push.seconds, 3 * media - 0.01);
  EXPECT_LT(push.seconds, 3 * media + 3);
}

TEST_F(ToolPlaylist, StandardInputMayBeOneOfThem) {
  const auto first = make_file("first.wmv");
  const auto last = make_file("last.wmv", {"-an"});
  const Finished push =
      run({"sh", "-c", "cat \"$1\" | \"$2\" send \"$3\" - \"$4\" \"$5\" --fast", "sh",
           piped().string(), WMPUSH_PROGRAM, first.string(), last.string(), server.url()});
  EXPECT_EQ(push.status, 0) << push.error;
  expect_entries({first, piped(), last});
}

TEST_F(ToolPlaylist, ANamedPipeIsWaitedForInItsTurn) {
  const auto first = make_file("first.wmv");
  const auto pipe = file("pipe");
  ASSERT_EQ(run({"mkfifo", pipe.string()}).status, 0);
  // The writer must not lose its reader to the look at the playlist's beginning.
  ChildProcess writer({"sh", "-c", "cat \"$1\" > \"$2\"", "sh", piped().string(), pipe.string()});
  const Finished push =
      run(wmpush({"send", first.string(), pipe.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(writer.wait(), 0);
  expect_entries({first, piped()});
}

TEST_F(ToolPlaylist, F05_WhatSeveralMuxersWroteInARowIsAPlaylistToo) {
  const auto indexed = make_file("indexed.wmv");
  const auto plain = write_file("plain.asf", clip("-f asf"));
  const auto chunked = write_file("chunked", clip("-f asf_stream"));
  const Finished push = run({"sh", "-c", "cat \"$3\" \"$4\" | \"$1\" send - \"$2\" --fast", "sh",
                             WMPUSH_PROGRAM, server.url(), indexed.string(), plain.string()});
  EXPECT_EQ(push.status, 0) << push.error;
  expect_entries({indexed, plain});
  const Finished chunks = run({"sh", "-c", "cat \"$3\" \"$3\" | \"$1\" send - \"$2\" --fast", "sh",
                               WMPUSH_PROGRAM, server.url(), chunked.string()});
  EXPECT_EQ(chunks.status, 0) << chunks.error;
  ASSERT_EQ(last_session().recordings.size(), 2u);
  for (const auto& recording : last_session().recordings)
    EXPECT_EQ(decoded_frames(recording), decoded_frames(plain));
  const Finished mixed =
      run({"sh", "-c", "cat \"$3\" \"$4\" \"$3\" | \"$1\" send - \"$2\" --fast", "sh",
           WMPUSH_PROGRAM, server.url(), chunked.string(), plain.string()});
  EXPECT_EQ(mixed.status, 0) << mixed.error;
  EXPECT_EQ(last_session().recordings.size(), 3u);
  EXPECT_EQ(last_session().packets, 3 * packets_in(clip()));
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolPlaylist, AFileThatIsNotAsfIsNamedAndNothingIsPushed) {
  const auto film = make_file("film.wmv");
  const auto text = write_file("notes.txt", "not ASF, whatever one calls it");
  const auto empty = write_file("empty.wmv", "");
  for (const auto& wrong : {text, empty, file("missing.wmv"), folder.path()}) {
    const Finished push =
        run(wmpush({"send", film.string(), wrong.string(), film.string(), server.url()}));
    EXPECT_EQ(push.status, 1);
    EXPECT_EQ(lines_in(push.error), 1u);
    EXPECT_THAT(push.error, HasSubstr(wrong.string()));
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST_F(ToolPlaylist, F02_F05_AHeaderMayHave65531BytesFirstAnd65527Later) {
  const std::string packets(as_text(plain_packet()));
  const auto largest_first = write_file("first.asf", header_of_size(65531) + packets);
  const auto largest_later = write_file("later.asf", header_of_size(65527) + packets);
  const auto too_large = write_file("large.asf", header_of_size(65528) + packets);
  const Finished push =
      run(wmpush({"send", largest_first.string(), largest_later.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(last_session().entries, 2u);
  EXPECT_EQ(breaches(), "");
  const std::uint64_t connections = server.connections();
  const Finished refused = run(wmpush({"send", largest_first.string(), too_large.string(),
                                       server.url(), "--fast", "--fix_header", "0"}));
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.error, AllOf(HasSubstr("large.asf"), HasSubstr("65528"), HasSubstr("65527")));
  EXPECT_EQ(server.connections(), connections);
  const Finished made_to_fit =
      run(wmpush({"send", largest_first.string(), too_large.string(), server.url(), "--fast"}));
  EXPECT_EQ(made_to_fit.status, 0) << made_to_fit.error;
  EXPECT_THAT(made_to_fit.error,
              AllOf(HasSubstr("left out of the ASF header"), HasSubstr("65527")));
}

TEST_F(ToolPlaylist, GoesOnWithTheNextEntryWhenOneBreaksOff) {
  const auto film = make_file("film.wmv");
  const std::string cut = clip().substr(0, clip().size() / 2 + 7);
  const auto broken = write_file("broken.asf", cut);
  const Finished push = run(wmpush(
      {"send", film.string(), broken.string(), film.string(), server.url(), "--fast", "--json"}));
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.error, HasSubstr("warning: " + broken.string() + ": "));
  EXPECT_THAT(push.error, HasSubstr("truncated"));
  EXPECT_THAT(push.error, HasSubstr("going on with the next"));
  EXPECT_THAT(last_line(push.error),
              AllOf(HasSubstr("1 of 3 inputs was not pushed whole: " + broken.string()),
                    EndsWith("NS_E_INVALID_DATA (0xC00D002F)")));
  const auto session = last_session();
  EXPECT_EQ(session.end_reason, 0u) << "the push itself came to its end";
  ASSERT_EQ(session.recordings.size(), 3u);
  EXPECT_EQ(session.packets, 2 * packets_in(read_file(film)) + packets_in(cut));
  EXPECT_EQ(decoded_frames(session.recordings[2]), decoded_frames(film));
  EXPECT_EQ(breaches(), "");
  EXPECT_THAT(push.output,
              HasSubstr("\"result\": \"NS_E_INVALID_DATA\", \"message\": \"" + broken.string()));
  EXPECT_THAT(push.output, HasSubstr("\"packets\": " + std::to_string(packets_in(cut))));
}

TEST_F(ToolPlaylist, WhatIsNoAsfOnStandardInputIsSkipped) {
  const auto film = make_file("film.wmv");
  const Finished push =
      run({"sh", "-c", "echo nonsense that goes on | \"$1\" send - \"$2\" \"$3\" --fast", "sh",
           WMPUSH_PROGRAM, film.string(), server.url()});
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.error, HasSubstr("warning: standard input: the input is not ASF"));
  expect_entries({film});
}

TEST_F(ToolPlaylist, WhenTheLastEntryBreaksOffTheServerIsTold) {
  const auto film = make_file("film.wmv");
  const auto broken = write_file("broken.asf", clip().substr(0, clip().size() / 2 + 7));
  const Finished push =
      run(wmpush({"send", film.string(), broken.string(), server.url(), "--fast"}));
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.error, Not(HasSubstr("going on")));
  EXPECT_TRUE(last_session().end_of_stream);
  EXPECT_EQ(last_session().end_reason, 0xC00D002F);
}

TEST_F(ToolPlaylist, AServerThatGoesAwayEndsItAll) {
  const auto film = make_file("film.wmv");
  add_fault(At::Packet, Do::Respond, 503, packets_in(read_file(film)) + 2);
  const Finished push =
      run(wmpush(quick({"send", film.string(), film.string(), film.string(), server.url()})));
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(last_line(push.error), EndsWith("NS_E_SERVER_UNAVAILABLE (0xC00D2EE6)"));
  EXPECT_THAT(push.error, Not(HasSubstr("going on")));
}

TEST_F(ToolPlaylist, C33_GoesOnInTheSameEntryWhenTheConnectionWasMadeAgain) {
  const auto film = make_file("film.wmv", {"-t", "0.8"});
  const std::size_t packets = packets_in(read_file(film));
  add_fault(At::Packet, Do::Reset, 0, packets + 5);
  const Finished push = run(wmpush(
      {"send", film.string(), film.string(), film.string(), server.url(), "--reconnect", "1"}));
  EXPECT_EQ(push.status, 0) << push.error;
  const auto session = last_session();
  EXPECT_EQ(server.sessions().size(), 1u) << "resumed by its id";
  EXPECT_GE(session.push_starts, 2u);
  EXPECT_EQ(session.entries, 3u);
  EXPECT_EQ(session.end_reason, 0u);
  EXPECT_EQ(breaches(), "");
}

TEST_F(ToolPlaylist, ASignalEndsThePushAndNotOnlyItsEntry) {
  Fifo fifo(file("fifo"));
  const auto film = make_file("film.wmv");
  ChildProcess push(wmpush_reading(
      fifo.path(), {"send", film.string(), "-", film.string(), server.url(), "--fast", "--json"}));
  ASSERT_TRUE(fifo.write(clip().substr(0, 40'000)));
  ASSERT_TRUE(server.wait_for(
      [&] { return !server.sessions().empty() && server.sessions().back().entries == 2; }));
  push.signal(SIGINT);
  EXPECT_EQ(push.wait(), 0) << push.error_text();
  EXPECT_EQ(last_session().entries, 2u);
  EXPECT_EQ(last_session().end_reason, 0u);
  EXPECT_THAT(push.output(), HasSubstr("\"input\": \"-\""));
  EXPECT_THAT(push.output(), HasSubstr("\"begun\": false"));
}

TEST_F(ToolPlaylist, TheProgressLineSaysWhichEntryItIs) {
  if (!Terminal::is_to_be_had()) GTEST_SKIP() << "no /dev/pts";
  Terminal terminal;
  const auto film = make_file("film.wmv", {"-t", "0.8"});
  const auto credits = make_file("credits.wmv", {"-t", "0.8"});
  const Finished push =
      run(wmpush_telling(terminal.path(), {"send", film.string(), credits.string(), server.url()}));
  EXPECT_EQ(push.status, 0);
  EXPECT_THAT(terminal.text(),
              AllOf(HasSubstr("\r1/2 film.wmv  00:00:00"), HasSubstr("\r2/2 credits.wmv  00:00:0"),
                    HasSubstr("pushed 2 inputs, 00:00:01")));
}

}  // namespace
}  // namespace wmpush::test
