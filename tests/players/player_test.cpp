// FFmpeg, VLC, mplayer, mpv, GStreamer and libmms join a push that has been running for a while,
// and stay when its encoder dies and comes back.
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "live_push.hpp"

namespace wmpush::test {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

/// What is watched of a new push.
constexpr std::chrono::milliseconds kSomeMore{2000};
/// How long a player may take to new pictures when an encoder is back, with the machine busy. On an
/// idle one it is less than 5 s; VLC alone takes more than 2 s.
constexpr Seconds kComeback{8};
/// How long is waited for them, with the machine busy.
constexpr Seconds kPatience{30};
/// Pictures that differ by no more, of 255 for each point, are the same: what players make of one
/// differs a little. The two test pictures differ by more than ten times as much.
constexpr double kSamePicture = 4;

/// A player that has been started, and what it prints with its first picture.
class Player {
 public:
  Player(std::string name, const Words& command) : name_(std::move(name)), process_(command) {}

  ChildProcess& process() { return process_; }

  void expect_picture(const std::string& sign, bool on_error_text, Seconds limit) {
    const bool seen = on_error_text ? process_.wait_for_error_text(sign, limit)
                                    : process_.wait_for_output(sign, limit);
    const double seconds = Seconds(Clock::now() - started_).count();
    EXPECT_TRUE(seen) << name_ << ": no picture after " << seconds << " s\n"
                      << process_.output() << process_.error_text();
    if (seen) std::printf("%s: first picture after %.1f s\n", name_.c_str(), seconds);
  }

 private:
  std::string name_;
  Clock::time_point started_ = Clock::now();
  ChildProcess process_;
};

/// Decoded pictures on standard output, one line each; packets as they came in a file.
Words ffmpeg(const std::string& url, const std::string& received, const std::string& seconds) {
  return {FFMPEG,     "-v",     "warning",  "-nostdin", "-y", "-i",    url,
          "-map",     "0",      "-c",       "copy",     "-t", seconds, "-f",
          "framemd5", received, "-map",     "0:v",      "-t", seconds, "-flush_packets",
          "1",        "-f",     "framemd5", "pipe:1"};
}

/// What ffmpeg complains of, without the one line that it always says.
std::string warnings_in(const std::string& error_text) {
  std::istringstream lines(error_text);
  std::string warnings;
  for (std::string line; std::getline(lines, line);)
    if (line.find("Guessed Channel Layout") == line.npos) warnings += line + "\n";
  return warnings;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The recorded packets, once they go as far as what a player has received.
Frames recorded_until(const std::vector<std::filesystem::path>& files,
                      const std::function<void()>& flush, const Frames& received) {
  Frames recorded;
  const auto has_last = [&](int stream) {
    const auto& last = received.at(stream).back();
    return std::ranges::find(recorded[stream], last.md5, &Frame::md5) != recorded[stream].end();
  };
  for (int i = 0; i < 10; ++i) {
    flush();
    recorded = frames_of(files);
    if (has_last(kVideo) && has_last(kAudio)) break;
  }
  return recorded;
}

/// Without the last packet of each stream: where the end was none of the stream's, it may be cut
/// off.
Frames whole(Frames frames) {
  for (auto& [stream, packets] : frames) packets.pop_back();
  return frames;
}

/// What was received from the first picture of this recording on.
Frames from_first_of(const Frames& recorded, const Frames& received) {
  const auto& pictures = received.at(kVideo);
  const auto first = std::ranges::find(pictures, recorded.at(kVideo).front().md5, &Frame::md5);
  Frames rest;
  if (first == pictures.end()) return rest;
  for (const auto& [stream, frames] : received)
    for (const Frame& frame : frames)
      if (frame.time >= first->time) rest[stream].push_back(frame);
  return rest;
}

#define SKIP_WITHOUT(program, package) \
  if (!is_installed(program)) GTEST_SKIP() << "not installed: " package

TEST_F(Players, FfmpegReceivesWhatWasSentAndDecodesItWithoutAWarning) {
  have_push();
  const auto file = [](const std::string& scheme) {
    return (folder->path() / ("ffmpeg-" + scheme)).string();
  };
  Player mmsh("FFmpeg mmsh", ffmpeg(url("mmsh"), file("mmsh"), "3"));
  Player http("FFmpeg http", ffmpeg(url("http"), file("http"), "3"));
  mmsh.expect_picture("\n0,", false, kFirstPicture);
  http.expect_picture("\n0,", false, kFirstPicture);
  for (const auto& [scheme, player] : {std::pair("mmsh", &mmsh), std::pair("http", &http)}) {
    EXPECT_EQ(player->process().wait(), 0);
    EXPECT_EQ(warnings_in(player->process().error_text()), "") << scheme;
    const Frames received = read_frames(read_file(file(scheme)));
    ASSERT_EQ(received.size(), 2u) << scheme;
    EXPECT_GT(received.at(kVideo).size(), 50u) << scheme;
    expect_part_of(received, recorded_until(
                                 recordings(), [] { server->check_timers(); }, received));
  }
}

/// Everybody who shows pictures.
class PlayerOf : public Players, public testing::WithParamInterface<PlayerProgram> {};

INSTANTIATE_TEST_SUITE_P(Debian, PlayerOf, testing::ValuesIn(player_programs()),
                         [](const auto& program) { return std::string(program.param.name); });

TEST_P(PlayerOf, P41_JoinsLateAndShowsThePicturesThatArePushed) {
  const PlayerProgram& program = GetParam();
  SKIP_WITHOUT(program.program, "") << program.package;
  have_push();
  const auto viewers = server->viewers().size();
  Watcher watcher(program, url(program.scheme), folder->path() / program.name);
  ASSERT_TRUE(server->wait_for([&] { return server->viewers().size() > viewers; }))
      << watcher.process().error_text();
  const auto joined = Clock::now();
  ASSERT_TRUE(watcher.wait_for_more_than(0, kFirstPicture)) << watcher.process().error_text();
  std::printf("%s: first picture %.2f s after it joined, %.2f s after it was started\n",
              program.name, Seconds(Clock::now() - joined).count(),
              Seconds(Clock::now() - watcher.started()).count());

  ASSERT_TRUE(watcher.wait_for_more_than(10, kFirstPicture)) << watcher.process().error_text();
  server->check_timers();  // what was recorded is written
  const auto sent = pictures_of(recordings().back(), FilmPush::kLate - Seconds(5));
  const auto files = watcher.pictures();
  for (const std::size_t index : {std::size_t{0}, std::size_t{9}}) {
    const auto shown = pictures_of(files[index]);
    ASSERT_EQ(shown.size(), 1u) << files[index];
    EXPECT_LT(difference(shown.front(), sent), kSamePicture) << files[index];
  }
}

TEST_F(Players, LibmmsReceivesWhatWasSent) {
  if (std::string(LIBMMS_READER).empty()) GTEST_SKIP() << "not installed: libmms-dev";
  have_push();
  // About three seconds.
  Player mmsh("libmms", {LIBMMS_READER, url("mmsh"), "200000"});
  EXPECT_EQ(mmsh.process().wait(kFirstPicture), 0);
  const std::filesystem::path file = folder->path() / "libmms.asf";
  std::ofstream(file, std::ios::binary) << mmsh.process().output();
  const Frames received = whole(frames_of({file}));
  ASSERT_EQ(received.size(), 2u);
  EXPECT_GT(received.at(kVideo).size(), 25u);
  expect_part_of(received, recorded_until(
                               recordings(), [] { server->check_timers(); }, received));
}

TEST_F(Players, FfmpegGoesOnWhenAKilledEncoderComesBack) {
  end_push();
  start_encoder();
  ASSERT_TRUE(server->wait_for([] { return newest_session().media >= kSomeMore; }))
      << encoder->error_text();
  const auto file = [](const std::string& scheme) {
    return (folder->path() / ("returns-" + scheme)).string();
  };
  ChildProcess mmsh(ffmpeg(url("mmsh"), file("mmsh"), "30"));
  ChildProcess http(ffmpeg(url("http"), file("http"), "30"));
  ASSERT_TRUE(mmsh.wait_for_output("\n0,", kFirstPicture));
  ASSERT_TRUE(http.wait_for_output("\n0,", kFirstPicture));
  const auto connections = server->connections();
  kill_encoder();
  // The pause lasts until the players have shown everything they had.
  ASSERT_TRUE(mmsh.wait_for_silence(Seconds(2)));
  ASSERT_TRUE(http.wait_for_silence(Seconds(2)));
  const std::size_t mmsh_shown = mmsh.output().size();
  const std::size_t http_shown = http.output().size();
  const auto sessions = server->sessions().size();
  const auto started = Clock::now();
  start_encoder("testsrc");  // other pictures
  ASSERT_TRUE(server->wait_for([&] {
    return server->sessions().size() > sessions && newest_session().packets > 0;
  })) << encoder->error_text();
  const auto expect_more = [&](const char* name, ChildProcess& player, std::size_t shown) {
    EXPECT_TRUE(player.wait_for_more_output(shown, Seconds(5))) << name << player.error_text();
    std::printf("%s: new picture %.1f s after the new encoder's start\n", name,
                Seconds(Clock::now() - started).count());
  };
  expect_more("FFmpeg mmsh", mmsh, mmsh_shown);
  expect_more("FFmpeg http", http, http_shown);
  ASSERT_TRUE(server->wait_for([] { return newest_session().media >= kSomeMore; }));
  EXPECT_EQ(server->connections(), connections + 1) << "the encoder's is the only new one";
  EXPECT_EQ(server->viewers().size(), 2u);

  for (const auto& [scheme, player] : {std::pair("mmsh", &mmsh), std::pair("http", &http)}) {
    player->signal(SIGINT);  // ffmpeg ends as it does for a person, and writes what it has
    player->wait();
    EXPECT_EQ(warnings_in(player->error_text()), "") << scheme;
    const Frames received = whole(read_frames(read_file(file(scheme))));
    ASSERT_EQ(received.size(), 2u) << scheme;
    const Frames recorded = recorded_until(
        {recordings().back()}, [] { server->check_timers(); }, received);
    const Frames renewed = from_first_of(recorded, received);
    ASSERT_EQ(renewed.size(), 2u) << scheme;
    EXPECT_GT(renewed.at(kVideo).size(), 25u) << scheme;
    expect_part_of(renewed, recorded);
  }
}

/// mplayer's read ends after 10 s of silence. Where data comes before its next one ends, it reads
/// on and shows no picture any more; later it does again.
bool gives_up_after(const PlayerProgram& program, int seconds) {
  return std::string(program.program) == "mplayer" && seconds > 10 && seconds < 20;
}

/// Everybody watches at once, so that all see the same pause.
class Comeback : public Players, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(After, Comeback, testing::Values(5, 15, 25),
                         [](const auto& seconds) { return std::to_string(seconds.param) + "s"; });

TEST_P(Comeback, P47_EachPlayerGoesOnWithoutAskingAgainWhenAKilledEncoderIsBack) {
  begin_anew();  // nobody has seen a white picture there
  start_encoder();
  ASSERT_TRUE(server->wait_for([] { return newest_session().media >= kSomeMore; }))
      << encoder->error_text();
  std::vector<std::unique_ptr<Watcher>> watchers;
  for (const PlayerProgram& program : player_programs())
    if (is_installed(program.program) && !gives_up_after(program, GetParam()))
      watchers.push_back(std::make_unique<Watcher>(
          program, url(program.scheme),
          folder->path() / (std::string(program.name) + std::to_string(GetParam()))));
  for (const auto& watcher : watchers)
    ASSERT_TRUE(watcher->wait_for_more_than(0, kFirstPicture)) << watcher->name();
  const auto connections = server->connections();
  const auto sessions = server->sessions().size();

  kill_encoder();
  std::this_thread::sleep_for(std::chrono::seconds(GetParam()));  // the pause itself
  start_encoder("color=white");
  ASSERT_TRUE(server->wait_for([&] {
    return server->sessions().size() > sessions && newest_session().packets > 0;
  })) << encoder->error_text();
  const auto back = std::filesystem::file_time_type::clock::now();
  for (const auto& watcher : watchers) {
    const auto shown = watcher->wait_for_white(kPatience);
    EXPECT_TRUE(shown) << watcher->name() << ": " << watcher->process().error_text();
    if (!shown) continue;
    const double seconds = Seconds(*shown - back).count();
    EXPECT_LT(seconds, kComeback.count()) << watcher->name();
    std::printf("%s: new pictures %.1f s after the new push, %d s after the old one\n",
                watcher->name(), seconds, GetParam());
  }
  EXPECT_EQ(server->connections(), connections + 1) << "the encoder's is the only new one";
  // What is white is new, and the other way round.
  server->check_timers();
  const auto recorded = recordings();
  ASSERT_EQ(recorded.size(), 2u);
  for (const Picture& picture : pictures_of(recorded.front()))
    ASSERT_LT(brightness(picture), kWhite - 30);
  for (const Picture& picture : pictures_of(recorded.back()))
    ASSERT_GT(brightness(picture), kWhite + 10);
}

}  // namespace
}  // namespace wmpush::test
