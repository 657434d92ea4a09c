// Programs other than ffmpeg, by LD_PRELOAD.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <optional>
#include <string>
#include <tuple>

#include "publishing_point.hpp"
#include "support/temporary_directory.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;

std::vector<std::string> preloaded() {
  const std::string sanitizer = SANITIZER_OBJECT;
  // The dynamic linker splits LD_PRELOAD at spaces: a link stands for an object with one in its
  // path.
  static const TemporaryDirectory directory;
  static const std::filesystem::path link =
      directory.path() / std::filesystem::path(PRELOAD_OBJECT).filename();
  if (!std::filesystem::exists(link)) std::filesystem::create_symlink(PRELOAD_OBJECT, link);
  return {"LD_PRELOAD=" + (sanitizer.empty() ? "" : sanitizer + ":") + link.string(),
          "ASAN_OPTIONS=detect_leaks=0"};
}

class Python : public PublishingPoint {
 protected:
  void SetUp() override {
    if (run({"/usr/bin/python3", "-c", "import av"}).status != 0)
      GTEST_SKIP() << "python3-av is not installed";
  }
  static Finished python(const std::string& script, const Arguments& arguments) {
    return run(Arguments{"/usr/bin/python3", "-c", script} + arguments, preloaded());
  }
};

constexpr char kRemux[] = R"(
import sys, av
source = av.open(sys.argv[1])
target = av.open(sys.argv[2], 'w', format='asf')
picture = source.streams.video[0]
if hasattr(target, 'add_stream_from_template'):
    copy = target.add_stream_from_template(picture)
else:
    copy = target.add_stream(template=picture)
for packet in source.demux(picture):
    if packet.dts is not None:
        packet.stream = copy
        target.mux(packet)
target.close()
print('closed')
)";

TEST_F(Python, PushesWhatItWritesToAFile) {
  const std::string reference = file("reference.asf");
  ASSERT_EQ(python(kRemux, {media("input.asf"), reference}).status, 0);

  const Finished push = python(kRemux, {media("input.asf"), url()});

  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_EQ(push.output, "closed\n");
  expect_recording_of(reference);
}

TEST_F(Python, GetsAnExceptionWhenThePushIsRefused) {
  server->add_fault({.at = At::PushSetup, .status = 403});

  const Finished push = python(kRemux, {media("input.asf"), url()});

  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.error, HasSubstr("403"));
}

TEST_F(Python, GetsAnExceptionWhenTheEndWasNotTaken) {
  server->add_fault({.at = At::End, .what = Do::Reset});

  const Finished push = python(kRemux, {media("input.asf"), url()});

  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(push.output, testing::Not(HasSubstr("closed")));
  // What of libavformat's log a program shows is its own affair.
  EXPECT_THAT(push.error, HasSubstr("Traceback"));
}

TEST_F(Python, GetsTheExitStatusOfItsPushWhereThatIsAskedFor) {
  // A program that hears of nothing: it drops every exception.
  const std::string deaf = "try:\n" + [] {
    std::string indented = kRemux;
    for (std::size_t at = 0; (at = indented.find('\n', at)) != std::string::npos; ++at)
      indented.insert(at + 1, "    ");
    return indented;
  }() + "\nexcept Exception: pass\n";
  std::vector<std::string> environment = preloaded();
  environment.push_back("WMPUSH_EXIT=1");
  const Arguments program{"/usr/bin/python3", "-c", deaf, media("input.asf"), url()};
  EXPECT_EQ(run(program, environment).status, 0);
  server->add_fault({.at = At::End, .what = Do::Reset});
  EXPECT_EQ(run(program, preloaded()).status, 0) << "by itself it says nothing";
  server->add_fault({.at = At::End, .what = Do::Reset});
  const Finished push = run(program, environment);
  EXPECT_EQ(push.status, 1);
  EXPECT_THAT(last_line(push.error), HasSubstr("wmpush: NS_E_CONNECTION_FAILURE"));
}

/// A program that pushes input.asf to a URL.
struct Program {
  std::string name;
  Arguments (*command)(const std::string& url);
  /// Its own exit status tells of a failure there.
  bool tells_of_refusal = true;
  bool tells_of_loss = true;
  bool tells_of_lost_end = true;
};

Arguments mpv(const std::string& url) {
  return {"mpv",
          "--no-config",
          "--really-quiet",
          "--msg-level=all=error",
          media("input.asf"),
          "--of=asf",
          "--ovc=wmv2",
          "--oac=wmav2",
          "--o=" + url};
}

Arguments melt(const std::string& url) {
  return {"melt",  "-silent",     media("input.asf"), "-consumer",    "avformat:" + url,
          "f=asf", "vcodec=wmv2", "acodec=wmav2",     "real_time=-1", "terminate_on_pause=1"};
}

Arguments pyav(const std::string& url) {
  return {"/usr/bin/python3", "-c", kRemux, media("input.asf"), url};
}

/// What becomes of its push.
struct Outcome {
  std::string name;
  std::optional<Fault> fault;
  bool Program::*told = nullptr;
};

void PrintTo(const Program& program, std::ostream* out) { *out << program.name; }
void PrintTo(const Outcome& outcome, std::ostream* out) { *out << outcome.name; }

class OtherProgram : public PublishingPoint,
                     public testing::WithParamInterface<std::tuple<Program, Outcome>> {
 protected:
  const Program& program() const { return std::get<Program>(GetParam()); }
  const Outcome& outcome() const { return std::get<Outcome>(GetParam()); }

  void SetUp() override {
    const bool is_python = program().command == pyav;
    const Arguments is_there = is_python
                                   ? Arguments{"/usr/bin/python3", "-c", "import av"}
                                   : Arguments{"/bin/sh", "-c", "command -v " + program().name};
    if (run(is_there).status != 0) GTEST_SKIP() << program().name << " is not installed";
  }

  Finished push(bool exit_is_asked_for) {
    start();
    if (outcome().fault) server->add_fault(*outcome().fault);
    std::vector<std::string> environment = preloaded();
    environment.push_back("QT_QPA_PLATFORM=offscreen");
    if (exit_is_asked_for) environment.push_back("WMPUSH_EXIT=1");
    return run(program().command(url()), environment);
  }
};

TEST_P(OtherProgram, TellsInItsOwnWay) {
  const Finished finished = push(false);
  const bool tells = outcome().fault && program().*outcome().told;
  EXPECT_EQ(finished.status != 0, tells) << finished.error;
  if (outcome().fault) {
    // What of libavformat's log a program shows is its own affair; PyAV shows none of it.
    if (program().command != pyav) {
      EXPECT_THAT(finished.output + finished.error, HasSubstr("wmpush"));
    }
    return;
  }
  EXPECT_TRUE(ended_session().end_of_stream) << finished.error;
}

TEST_P(OtherProgram, TellsByItsExitStatusWhereThatIsAskedFor) {
  const Finished finished = push(true);
  EXPECT_EQ(finished.status != 0, outcome().fault.has_value()) << finished.error;
  if (!outcome().fault)
    EXPECT_THAT(finished.error, testing::Not(HasSubstr("wmpush: ")));
  else
    EXPECT_THAT(last_line(finished.error), testing::StartsWith("wmpush: NS_E_"));
}

INSTANTIATE_TEST_SUITE_P(
    Of, OtherProgram,
    testing::Combine(
        testing::Values(Program{"PyAV", pyav}, Program{"mpv", mpv},
                        Program{"melt", melt, true, true, false}),
        testing::Values(Outcome{"Good", std::nullopt},
                        Outcome{"Refused", Fault{.at = At::PushSetup, .status = 403},
                                &Program::tells_of_refusal},
                        Outcome{"LostInMidStream",
                                Fault{.at = At::Packet, .what = Do::Reset, .packet = 5},
                                &Program::tells_of_loss},
                        Outcome{"LostAtTheEnd", Fault{.at = At::End, .what = Do::Reset},
                                &Program::tells_of_lost_end})),
    [](const auto& test) {
      return std::get<Program>(test.param).name + "_" + std::get<Outcome>(test.param).name;
    });

TEST(OtherLibavformat, IsLeftAloneWithOneSentence) {
  const Finished program = run({OTHER_PROGRAM}, preloaded());

  EXPECT_EQ(program.status, 3) << program.error;
  EXPECT_THAT(program.output, HasSubstr("the other avio_open2 got wmpush://127.0.0.1:1/live\n"));
  EXPECT_THAT(program.error, HasSubstr("this program uses libavformat 12"));
}

TEST(PreloadObject, IsNotHandedOnToChildren) {
  std::vector<std::string> environment = preloaded();
  environment.push_back("WMPUSH_PRELOAD_IS_FFMPEG=1");
  const Finished program = run({OTHER_PROGRAM}, environment);

  EXPECT_THAT(program.output, testing::Not(HasSubstr("libwmpush-preload")));
  EXPECT_THAT(program.output, HasSubstr("marker: none\n"));
}

TEST(PreloadObject, DoesNotGetInTheWayOfAProgramWithoutLibavformat) {
  const Finished program = run({"/bin/sh", "-c", "echo fine"}, preloaded());

  EXPECT_EQ(program.status, 0);
  EXPECT_EQ(program.output, "fine\n");
  EXPECT_EQ(program.error, "");
}

/// A program that the preload object takes for ffmpeg: it answers for the exit status.
std::vector<std::string> preloaded_as_ffmpeg() {
  std::vector<std::string> environment = preloaded();
  environment.push_back("WMPUSH_PRELOAD_IS_FFMPEG=1");
  return environment;
}

using ForkingProgram = PublishingPoint;

TEST_F(ForkingProgram, HasAChildThatEndsWithoutAWordAndDoesNotDisturbThePush) {
  for (const char* how : {"exit", "close"}) {
    start();
    const Finished program =
        run({FORKING_PROGRAM, how, url(), media("whole.asf")}, preloaded_as_ffmpeg());
    EXPECT_EQ(program.status, 0) << how << program.error;
    EXPECT_EQ(program.output, "half, child 0, closed\n") << how;
    EXPECT_EQ(program.error, "") << how;
    const auto session = ended_session();
    EXPECT_TRUE(session.end_of_stream) << session.ended_because;
    EXPECT_EQ(decoded_frames(session.recording), decoded_frames(media("whole.asf")));
  }
}

TEST_F(ForkingProgram, ThatNeverClosesFailsAndLosesNothingItPrinted) {
  const Finished program =
      run({FORKING_PROGRAM, "forget", url(), media("whole.asf")}, preloaded_as_ffmpeg());
  EXPECT_EQ(program.status, 1);
  EXPECT_EQ(program.output, "half");
  EXPECT_EQ(program.error, "wmpush: E_FAIL (0x80004005)\n");
}

TEST_F(ForkingProgram, GivesItsChildrenAnEnvironmentWithoutThePreloadObject) {
  const Finished program = run({FORKING_PROGRAM, "environment"}, preloaded_as_ffmpeg());
  EXPECT_EQ(program.status, 0);
  EXPECT_THAT(program.output, HasSubstr("PATH="));
  EXPECT_THAT(program.output, testing::Not(HasSubstr("libwmpush-preload")));
  EXPECT_THAT(program.output, testing::Not(HasSubstr("WMPUSH_PRELOAD_IS_FFMPEG")));
}

TEST(UnloadingProgram, MayCloseItsLibavformatAndGoOn) {
  const Finished program = run({UNLOADING_PROGRAM, LIBAVFORMAT}, preloaded_as_ffmpeg());
  EXPECT_EQ(program.status, 0) << program.error;
  EXPECT_EQ(program.output, "wmpush 1\nwmpush 1\nwmpush 1\n") << program.error;
}

}  // namespace
}  // namespace wmpush::test
