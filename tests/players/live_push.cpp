#include "live_push.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>

#include "asf/data_packet.hpp"
#include "asf/splitter.hpp"
#include "wmpush/push_sink.hpp"

namespace wmpush::test {

using namespace std::chrono_literals;

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
    const Frame& begin = frames.front();
    auto next = std::ranges::find_if(sent.at(stream), [&](const Frame& each) {
      return each.md5 == begin.md5 && std::abs(each.time - shift - begin.time) <= 5;
    });
    for (const Frame& frame : frames) {
      ASSERT_NE(next, sent.at(stream).end()) << "stream " << stream << " at " << frame.time;
      ASSERT_EQ(frame.md5, next->md5) << "stream " << stream << " at " << frame.time;
      ASSERT_LE(std::abs(next->time - shift - frame.time), 5);
      ++next;
    }
  }
}

FilmPush::FilmPush(const std::filesystem::path& film, const std::string& url)
    : thread_([this, film, url] { push(film, url); }) {}

FilmPush::~FilmPush() {
  over_ = true;
  thread_.join();
}

void FilmPush::push(const std::filesystem::path& film, const std::string& url) {
  std::ifstream file(film, std::ios::binary);
  const std::string asf(std::istreambuf_iterator<char>(file), {});
  PushSink sink;
  EXPECT_EQ(sink.Connect(url), Result::S_OK);
  const auto begin = std::chrono::steady_clock::now();
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(asf);
  while (!over_ && !splitter.next(input, unit) && unit.kind != asf::Splitter::Kind::None) {
    if (unit.kind == asf::Splitter::Kind::Header) {
      EXPECT_EQ(sink.OnHeader(unit.bytes), Result::S_OK);
    }
    if (unit.kind != asf::Splitter::Kind::Packet) continue;
    asf::DataPacket packet;
    if (asf::DataPacket::parse(unit.bytes, packet)) {
      const auto due = begin + std::chrono::milliseconds(packet.send_time) -
                       std::chrono::duration_cast<std::chrono::milliseconds>(kLate);
      while (!over_ && std::chrono::steady_clock::now() < due)
        if (failed(sink.wait_until(std::min(due, std::chrono::steady_clock::now() + 50ms)))) return;
    }
    if (!over_ && failed(sink.OnDataUnit(unit.bytes))) return;  // another push took its place
  }
  static_cast<void>(sink.Disconnect());
}

std::unique_ptr<TemporaryDirectory> Players::folder;
std::unique_ptr<pubpoint::Server> Players::server;
std::unique_ptr<FilmPush> Players::film;
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
  film.reset();
  server.reset();
  folder.reset();
}

namespace {

/// Key frames every 2 s.
Words encoding(const std::string& source, const Words& pace, const Words& limit) {
  Words words{"-v", "error", "-nostdin", "-y"};
  const auto add = [&](const Words& more) { words.insert(words.end(), more.begin(), more.end()); };
  add(pace);
  const std::string separator = source.find('=') == source.npos ? "=" : ":";
  add({"-f", "lavfi", "-i", source + separator + "size=320x240:rate=25"});
  add(pace);
  add({"-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4"});
  add({"-c:v", "wmv2", "-g", "50", "-b:v", "500k", "-c:a", "wmav2", "-b:a", "64k"});
  add(limit);
  add({"-f", "asf"});
  return words;
}

}  // namespace

void Players::start_encoder(const std::string& source) {
  Words words{FFMPEG_WMPUSH};
  for (const std::string& word : encoding(source, {"-re"}, {})) words.push_back(word);
  words.push_back(server->url());
  encoder = std::make_unique<ChildProcess>(words);
}

void Players::kill_encoder() {
  encoder->signal(SIGKILL);
  EXPECT_EQ(encoder->wait(), -SIGKILL) << encoder->error_text();
}

void Players::have_push() {
  if (!film && !encoder) {
    const std::filesystem::path file = folder->path() / "film.asf";
    Words words{FFMPEG};
    for (const std::string& word : encoding("testsrc2", {}, {"-t", "240"})) words.push_back(word);
    words.push_back(file.string());
    ChildProcess ffmpeg(words);
    ASSERT_EQ(ffmpeg.wait(), 0) << ffmpeg.error_text();
    film = std::make_unique<FilmPush>(file, server->url());
  }
  ASSERT_TRUE(server->wait_for([] { return newest_session().media >= FilmPush::kLate; }));
}

void Players::end_push() {
  film.reset();
  encoder.reset();
  ASSERT_TRUE(server->wait_for([] { return !newest_session().receiving; }));
}

void Players::begin_anew() {
  TearDownTestSuite();
  SetUpTestSuite();
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
