#include "publishing_point.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "asf/guid.hpp"
#include "core/bytes.hpp"

namespace wmpush::test {

Finished run(const Arguments& command, const std::vector<std::string>& environment) {
  ChildProcess child(command, environment);
  Finished result;
  result.status = child.wait();
  result.output = child.output();
  result.error = child.error_text();
  return result;
}

namespace {
const Arguments kQuiet{"-hide_banner", "-nostdin", "-nostats", "-y", "-bitexact"};
}

Arguments ffmpeg(const Arguments& arguments) { return Arguments{FFMPEG} + kQuiet + arguments; }

Arguments ffmpeg_wmpush(const Arguments& arguments) {
  const char* built_in = std::getenv("WMPUSH_TEST_FFMPEG");
  return Arguments{built_in != nullptr ? built_in : FFMPEG_WMPUSH} + kQuiet + arguments;
}

bool is_built_in() { return std::getenv("WMPUSH_TEST_FFMPEG") != nullptr; }

std::string media(const std::string& name) { return MEDIA "/" + name; }

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string decoded_frames(const std::filesystem::path& file) {
  const Finished decoded =
      run(ffmpeg({"-v", "error", "-i", file.string(), "-map", "0", "-f", "framemd5", "pipe:1"}));
  EXPECT_EQ(decoded.status, 0) << decoded.error;
  return decoded.output;
}

std::uint64_t declared_packets(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  const std::string_view guid(reinterpret_cast<const char*>(asf::kFileProperties.data()),
                              asf::kFileProperties.size());
  const std::size_t at = bytes.find(guid);
  if (at == std::string::npos) return 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < 8; ++i)
    count |= std::uint64_t{static_cast<unsigned char>(bytes.at(at + 56 + i))} << (8 * i);
  return count;
}

std::string last_line(const std::string& text) {
  std::istringstream lines(text);
  std::string line;
  std::string last;
  while (std::getline(lines, line))
    if (!line.empty()) last = line;
  return last;
}

const FfmpegVersion& pushing_version() {
  const char* built_in = std::getenv("WMPUSH_TEST_FFMPEG");
  return FfmpegVersion::of(built_in != nullptr ? built_in : FFMPEG);
}

void expect_failed(const Finished& push, const std::string& result, int averror) {
  EXPECT_NE(push.status, 0) << push.error;
  if (is_built_in()) return;
  EXPECT_EQ(push.status, pushing_version().exit_status(averror)) << push.error;
  EXPECT_THAT(last_line(push.error), testing::StartsWith("wmpush: " + result)) << push.error;
}

PublishingPoint::PublishingPoint() {
  std::string name = std::filesystem::temp_directory_path() / "wmpush-test-XXXXXX";
  directory = mkdtemp(name.data());
  start();
}

PublishingPoint::~PublishingPoint() {
  server.reset();
  std::filesystem::remove_all(directory);
}

void PublishingPoint::start(pubpoint::Settings settings) {
  server.reset();
  settings.record = directory / "recorded";
  server = std::make_unique<FaultyServer>(std::move(settings));
}

pubpoint::SessionReport PublishingPoint::ended_session() {
  const bool over = server->wait_for(
      [&] {
        const auto sessions = server->sessions();
        return !sessions.empty() && !sessions.front().running;
      },
      std::chrono::seconds(5));
  EXPECT_TRUE(over) << "the session never ended";
  const auto sessions = server->sessions();
  EXPECT_EQ(sessions.size(), 1u);
  expect_no_breaches();
  return sessions.empty() ? pubpoint::SessionReport{} : sessions.front();
}

void PublishingPoint::expect_recording_of(const std::filesystem::path& reference) {
  const pubpoint::SessionReport session = ended_session();
  EXPECT_TRUE(session.end_of_stream) << session.ended_because;
  EXPECT_EQ(session.end_reason, 0u);
  EXPECT_EQ(session.entries, 1u);
  EXPECT_EQ(session.packets, declared_packets(reference));
  EXPECT_EQ(decoded_frames(session.recording), decoded_frames(reference));
}

void PublishingPoint::expect_no_breaches() const {
  for (const pubpoint::Breach& breach : server->breaches())
    ADD_FAILURE() << breach.rule << ": " << breach.text;
}

}  // namespace wmpush::test
