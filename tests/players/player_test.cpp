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

TEST_F(Players, VlcShowsAPicture) {
  SKIP_WITHOUT("cvlc", "vlc-bin vlc-plugin-base");
  have_push();
  // VLC does not run as root, and wants a home.
  const std::filesystem::path home = folder->path() / "home";
  std::filesystem::create_directory(home);
  std::filesystem::permissions(home, std::filesystem::perms::all);
  std::filesystem::permissions(folder->path(), std::filesystem::perms::all);
  const auto vlc = [&](const std::string& url) {
    Words words;
    if (::geteuid() == 0) words = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    words.insert(words.end(), {"env", "HOME=" + home.string(), "cvlc", "-vv", "--no-audio",
                               "--vout", "dummy", "--play-and-exit", url});
    return words;
  };
  Player mmsh("VLC mmsh", vlc(url("mmsh")));
  Player http("VLC http", vlc(url("http")));
  mmsh.expect_picture("Received first picture", true, kFirstPicture);
  http.expect_picture("Received first picture", true, kFirstPicture);
}

TEST_F(Players, MplayerShowsAPicture) {
  SKIP_WITHOUT("mplayer", "mplayer");
  have_push();
  Player mmsh("mplayer mmsh", {"mplayer", "-noconfig", "all", "-noconsolecontrols", "-nocache",
                               "-vo", "null", "-ao", "null", "-benchmark", url("mmsh")});
  mmsh.expect_picture(" V:", false, kFirstPicture);
}

TEST_F(Players, MpvShowsAPicture) {
  SKIP_WITHOUT("mpv", "mpv");
  have_push();
  Player http("mpv http", {"mpv", "--no-config", "--vo=null", "--ao=null",
                           "--msg-level=all=warn,cplayer=v", url("http")});
  http.expect_picture("first video frame after restart shown", false, kFirstPicture);
}

TEST_F(Players, GstreamerShowsAPicture) {
  SKIP_WITHOUT("gst-launch-1.0",
               "gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
               "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav");
  have_push();
  Player http("GStreamer http",
              {"gst-launch-1.0", "-v", "souphttpsrc", "location=" + url("http"), "!", "asfdemux",
               "!", "avdec_wmv2", "!", "fakesink", "silent=false", "sync=true"});
  http.expect_picture("chain   ******", false, kFirstPicture);
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
  have_push();
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

}  // namespace
}  // namespace wmpush::test
