#include "live_push.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sstream>

namespace wmpush::test {

using namespace std::chrono_literals;

namespace {

/// What goes out to a viewer at once, and a little more (P42): the preroll of the muxer is 3.1 s.
constexpr std::chrono::milliseconds kOldEnough{3500};

}  // namespace

Frames read_frames(const std::string& framemd5) {
  Frames frames;
  std::istringstream lines(framemd5);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::ranges::replace(line, ',', ' ');
    std::istringstream words(line);
    int stream = 0;
    std::int64_t decoding_time = 0;
    std::int64_t duration = 0;
    std::int64_t size = 0;
    Frame frame;
    if (words >> stream >> decoding_time >> frame.time >> duration >> size >> frame.md5)
      frames[stream].push_back(frame);
  }
  return frames;
}

Frames frames_of(const std::vector<std::filesystem::path>& files) {
  Frames all;
  for (const auto& file : files) {
    ChildProcess ffmpeg({FFMPEG, "-v", "error", "-nostdin", "-i", file.string(), "-map", "0", "-c",
                         "copy", "-f", "framemd5", "pipe:1"});
    EXPECT_EQ(ffmpeg.wait(), 0) << ffmpeg.error_text();
    for (const auto& [stream, frames] : read_frames(ffmpeg.output()))
      all[stream].insert(all[stream].end(), frames.begin(), frames.end());
  }
  return all;
}

void expect_part_of(const Frames& received, const Frames& sent) {
  ASSERT_EQ(received.size(), 2u) << "sound and picture";
  ASSERT_EQ(sent.size(), 2u);
  const auto& pictures = received.at(kVideo);
  const auto& sent_pictures = sent.at(kVideo);
  const auto first = std::ranges::find(sent_pictures, pictures.front().md5, &Frame::md5);
  ASSERT_NE(first, sent_pictures.end());
  // What a player counts from is its own; it is the same for sound and picture.
  const std::int64_t shift = first->time - pictures.front().time;
  for (const auto& [stream, frames] : received) {
    auto next = std::ranges::find_if(sent.at(stream), [&](const Frame& each) {
      return each.md5 == frames.front().md5 &&
             std::abs(each.time - shift - frames.front().time) <= 5;
    });
    for (const Frame& frame : frames) {
      ASSERT_NE(next, sent.at(stream).end()) << "stream " << stream << " at " << frame.time;
      ASSERT_EQ(frame.md5, next->md5) << "stream " << stream << " at " << frame.time;
      ASSERT_LE(std::abs(next->time - shift - frame.time), 5);
      ++next;
    }
  }
}

bool is_installed(const std::string& program) {
  std::istringstream path(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
  for (std::string folder; std::getline(path, folder, ':');)
    if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  return false;
}

std::unique_ptr<TemporaryDirectory> Players::folder;
std::unique_ptr<pubpoint::Server> Players::server;
std::unique_ptr<ChildProcess> Players::encoder;

void Players::SetUpTestSuite() {
  folder = std::make_unique<TemporaryDirectory>();
  pubpoint::Settings settings;
  settings.takeover = pubpoint::Takeover::Newer;
  settings.record = folder->path() / "recorded";
  server = std::make_unique<pubpoint::Server>(settings);
}

void Players::TearDownTestSuite() {
  encoder.reset();
  server.reset();
  folder.reset();
}

void Players::start_encoder(const std::string& source) {
  encoder = std::make_unique<ChildProcess>(Words{FFMPEG_WMPUSH,
                                                 "-v",
                                                 "error",
                                                 "-nostdin",
                                                 "-re",
                                                 "-f",
                                                 "lavfi",
                                                 "-i",
                                                 source + "=size=320x240:rate=25",
                                                 "-re",
                                                 "-f",
                                                 "lavfi",
                                                 "-i",
                                                 "sine=frequency=440:beep_factor=4",
                                                 "-c:v",
                                                 "wmv2",
                                                 "-g",
                                                 "50",
                                                 "-b:v",
                                                 "500k",
                                                 "-c:a",
                                                 "wmav2",
                                                 "-b:a",
                                                 "64k",
                                                 "-f",
                                                 "asf",
                                                 server->url()});
}

void Players::kill_encoder() {
  encoder->signal(SIGKILL);
  EXPECT_EQ(encoder->wait(), -SIGKILL) << encoder->error_text();
}

void Players::have_push() {
  if (!encoder) start_encoder();
  ASSERT_TRUE(server->wait_for([] { return newest_session().media >= kOldEnough; }))
      << encoder->error_text();
}

pubpoint::SessionReport Players::newest_session() {
  const auto sessions = server->sessions();
  return sessions.empty() ? pubpoint::SessionReport{} : sessions.back();
}

std::vector<std::filesystem::path> Players::recordings() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder->path() / "recorded"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

}  // namespace wmpush::test
