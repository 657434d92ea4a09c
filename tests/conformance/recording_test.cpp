// What is recorded plays, seeks, and is what was pushed.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "asf/data_packet.hpp"
#include "asf/header.hpp"
#include "asf/splitter.hpp"
#include "support/clip.hpp"
#include "support/recorded.hpp"
#include "test_server.hpp"

namespace wmpush::test {
namespace {

using testing::HasSubstr;
using wmhttp::FrameId;
using namespace std::chrono_literals;

std::string output_of(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  char block[4096];
  while (const std::size_t size = std::fread(block, 1, sizeof block, pipe))
    output.append(block, size);
  EXPECT_EQ(::pclose(pipe), 0) << command << "\n" << output;
  return output;
}

std::string quoted(const std::filesystem::path& path) { return "'" + path.string() + "'"; }

/// What ffmpeg decodes: one line for each frame, with its time and the hash of its content.
std::string decoded(const std::filesystem::path& file) {
  return output_of("ffmpeg -v error -nostdin -i " + quoted(file) + " -map 0 -f framemd5 - 2>&1");
}

/// The hash of the picture that `options`, put in front of the input or behind it, lead to.
std::string picture(const std::filesystem::path& file, const std::string& before,
                    const std::string& after) {
  const std::string text =
      output_of("ffmpeg -v error -nostdin " + before + " -i " + quoted(file) + " " + after +
                " -map 0:v -frames:v 1 -f framemd5 - 2>&1 | grep -v '^#'");
  return text.substr(text.rfind(' ') + 1);
}

double probed(const std::filesystem::path& file, const std::string& entry) {
  return std::stod(output_of("ffprobe -v error -show_entries " + entry +
                             " -of default=nokey=1:noprint_wrappers=1 " + quoted(file)));
}

/// The frames that push `stream`, padding removed as a client does it; without the last $E.
std::string frames_of(const std::string& stream, bool further = false) {
  std::string frames;
  asf::Splitter splitter;
  asf::Splitter::Unit unit;
  Bytes input = as_bytes(stream);
  do {
    const Error error = splitter.next(input, unit);
    if (error) throw std::runtime_error(error.message);
    if (unit.kind == asf::Splitter::Kind::Header) {
      frames += frame(further ? FrameId::StreamChange : FrameId::Header, unit.bytes);
    } else if (unit.kind == asf::Splitter::Kind::Packet) {
      const asf::StrippedPacket packet = asf::strip_padding(unit.bytes);
      frames += frame(FrameId::Data,
                      std::string(as_text(packet.head())) + std::string(as_text(packet.rest)));
    }
  } while (unit.kind != asf::Splitter::Kind::None);
  return frames;
}

asf::Header header_of(const std::string& file) {
  asf::Header header;
  const auto size = load_le<std::uint64_t>(as_bytes(file), 16) + asf::kDataObjectHeadSize;
  const Error error = asf::parse_header(as_bytes(file).first(size), header);
  EXPECT_FALSE(error) << error.message;
  return header;
}

class RecordingTest : public ServerTest {
 protected:
  void SetUp() override {
    settings.record = directory.path() / "recordings";
    serve();
  }

  /// Pushes frames and the end; the report.
  pubpoint::SessionReport record(const std::string& frames) {
    auto client = connect();
    const std::string id = push(*client, frames + end_frame());
    client->read_to_end();
    EXPECT_EQ(broken(), "");
    return finished(id);
  }

  /// The report of a session that is over, once its recording is finished.
  pubpoint::SessionReport finished(const std::string& push_id) const {
    EXPECT_TRUE(session_ends(push_id));
    return session(push_id);
  }

  std::filesystem::path save(const std::string& name, const std::string& bytes) {
    const auto path = directory.path() / name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  TemporaryDirectory directory;
};

class RecordingOf : public RecordingTest, public testing::WithParamInterface<const char*> {};

INSTANTIATE_TEST_SUITE_P(Clips, RecordingOf,
                         testing::Values("-f asf", "-f asf_stream", "-map 0:v -f asf",
                                         "-map 1:a -f asf", "-map 0:v -map 1:a -map 1:a -f asf",
                                         "-packet_size 400 -f asf", "-packet_size 1400 -f asf",
                                         "-packet_size 3200 -f asf", "-packet_size 60000 -f asf"),
                         name_of_clip);

TEST_P(RecordingOf, DecodesToTheFramesThatWerePushed) {
  const std::string& original = clip(GetParam());
  const auto report = record(frames_of(original));
  EXPECT_EQ(report.recording_error, "");
  ASSERT_TRUE(std::filesystem::exists(report.recording));
  // The file layout, for a reference that every demuxer takes.
  const bool chunked = std::string(GetParam()).find("asf_stream") != std::string::npos;
  const auto reference = save("reference.asf", chunked ? clip("-f asf") : original);
  EXPECT_EQ(decoded(report.recording), decoded(reference));
}

TEST_P(RecordingOf, SaysHowLongItIs) {
  const auto report = record(frames_of(clip(GetParam())));
  const std::string file = read_file(report.recording);
  const asf::Header header = header_of(file);
  EXPECT_EQ(header.flags, asf::Header::kSeekable);
  EXPECT_EQ(header.file_size, file.size());
  EXPECT_EQ(header.packet_count, report.packets);
  EXPECT_EQ(load_le<std::uint64_t>(as_bytes(file), header.data_object + 16),
            50 + report.packets * header.packet_size);
  EXPECT_EQ(load_le<std::uint64_t>(as_bytes(file), header.data_object + 40), report.packets);
  EXPECT_NEAR(static_cast<double>(header.play_duration) / 1e7,
              2.0 + static_cast<double>(header.preroll) / 1e3, 0.15);
  EXPECT_NEAR(static_cast<double>(header.send_duration) / 1e7, 2.0, 0.25);
  EXPECT_NEAR(probed(report.recording, "format=duration"), 2.0, 0.15);
  EXPECT_EQ(probed(report.recording, "format=size"), static_cast<double>(file.size()));
}

/// Twelve seconds with a key frame each second and a packet size that cuts them up.
const std::string& long_clip() {
  static const std::string bytes = [] {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "clip";
    output_of(
        "ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=320x240:rate=15:duration=12 -f lavfi "
        "-i sine=duration=12 -c:v wmv2 -g 15 -b:v 500k -c:a wmav2 -bitexact -packet_size 1400 "
        "-f asf pipe:1 > " +
        quoted(path));
    return read_file(path);
  }();
  return bytes;
}

TEST_F(RecordingTest, SeeksToTheRightPicture) {
  const auto report = record(frames_of(long_clip()));
  const auto reference = save("reference.asf", long_clip());
  for (const int second : {0, 1, 5, 9, 11}) {
    const std::string at = std::to_string(second);
    EXPECT_EQ(picture(report.recording, "-ss " + at, ""),
              picture(reference, "", "-vf \"select='gte(t," + at + ")'\""))
        << at;
  }
}

TEST_F(RecordingTest, IndexesTheLastKeyFrameAtOrBeforeEachSecond) {
  const auto report = record(frames_of(long_clip()));
  const std::string file = read_file(report.recording);
  const asf::Header header = header_of(file);
  const std::size_t packets_at = header.data_object + asf::kDataObjectHeadSize;
  const std::size_t index_at = packets_at + report.packets * header.packet_size;
  ASSERT_EQ(asf::guid_at(as_bytes(file).subspan(index_at)), asf::kSimpleIndex);

  // ffprobe tells where key frames are, and when: (ms with the preroll, packet).
  std::vector<std::pair<double, std::uint64_t>> key_frames;
  std::istringstream lines(output_of(
      "ffprobe -v error -select_streams v -show_entries packet=pts_time,pos,flags -of csv=p=0 " +
      quoted(report.recording) + " | grep K"));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t comma = line.find(',');
    key_frames.emplace_back(
        std::stod(line) * 1000 + static_cast<double>(header.preroll),
        (std::stoull(line.substr(comma + 1)) - packets_at) / header.packet_size);
  }
  ASSERT_GE(key_frames.size(), 12u);

  ByteReader reader(as_bytes(file).subspan(index_at + 16));
  EXPECT_EQ(reader.u64(), file.size() - index_at);
  EXPECT_EQ(asf::guid_at(reader.bytes(16)), header.file_id);
  EXPECT_EQ(reader.u64(), 10'000'000u);
  const std::uint32_t largest = reader.u32();
  const std::uint32_t entries = reader.u32();
  EXPECT_EQ(entries, 16u);  // of the last picture at 3.1 s + 11.9 s
  EXPECT_EQ(reader.remaining(), entries * 6u);
  for (std::uint32_t i = 0; i < entries; ++i) {
    std::uint64_t expected = key_frames.front().second;
    for (const auto& [time, packet] : key_frames)
      if (time <= i * 1000.0) expected = packet;
    EXPECT_EQ(reader.u32(), expected) << "second " << i;
    const std::uint16_t count = reader.u16();
    EXPECT_GE(count, 2u) << "a key frame of this clip does not fit in one packet";
    EXPECT_LE(count, largest);
  }
}

TEST_F(RecordingTest, CanBePlayedWhileItGrows) {
  auto client = connect();
  const std::string frames = frames_of(long_clip());
  const std::string id = push(*client, frames);
  ASSERT_TRUE(packets_reach(id, 400));
  ASSERT_TRUE(recorded(settings.record, 256'000));
  std::filesystem::path growing;
  for (const auto& entry : std::filesystem::directory_iterator(settings.record))
    growing = entry.path();
  EXPECT_NE(picture(growing, "", ""), "");
}

TEST_F(RecordingTest, HasWhatCameWhenTheTimersAreLookedAt) {
  auto client = connect();
  const std::string id = push(*client, frames_of(clip("-f asf")));
  std::uint64_t packets = 0;
  ASSERT_TRUE(server->wait_for([&] { return (packets = session(id).packets) >= 10; }));
  server->check_timers();
  EXPECT_TRUE(recorded(settings.record, packets * 3200));
  const auto file = *std::filesystem::directory_iterator(settings.record);
  EXPECT_NE(picture(file, "", ""), "");
}

TEST_F(RecordingTest, APushThatBeginsAtALateTimeIsRecordedFromZeroOn) {
  const auto report = record(frames_of(clip("-output_ts_offset 100000 -f asf")));
  EXPECT_NEAR(probed(report.recording, "format=duration"), 2.0, 0.15);
  EXPECT_NEAR(probed(report.recording, "format=start_time"), 0.0, 0.15);
  EXPECT_NEAR(static_cast<double>(report.media.count()), 2000, 250);
  const auto reference = save("reference.asf", clip("-f asf"));
  EXPECT_EQ(decoded(report.recording), decoded(reference));
}

TEST_F(RecordingTest, ANextEntryStartsAFileOfItsOwn) {
  const std::string& first = clip("-f asf");
  const std::string& second = clip("-map 0:v -packet_size 1400 -f asf");
  const auto report = record(frames_of(first) + end_frame(1) + frames_of(second, true));
  ASSERT_EQ(report.recordings.size(), 2u);
  EXPECT_EQ(report.recording, report.recordings[0]);
  EXPECT_EQ(decoded(report.recordings[0]), decoded(save("first.asf", first)));
  EXPECT_EQ(decoded(report.recordings[1]), decoded(save("second.asf", second)));
  EXPECT_NEAR(static_cast<double>(report.media.count()), 4000, 500);
}

TEST_F(RecordingTest, AResumedSessionGoesOnInTheSameFile) {
  const std::string frames = frames_of(clip("-f asf"));
  const std::size_t header = 4 + load_le<std::uint16_t>(as_bytes(frames), 2);
  std::size_t half = header;
  while (half < frames.size() / 2) half += 4 + load_le<std::uint16_t>(as_bytes(frames), half + 2);
  auto client = connect();
  // Part of the next frame arrives, too, and is dropped.
  const std::string id = push(*client, frames.substr(0, half + 100));
  ASSERT_TRUE(server->wait_for([&] { return session(id).packets > 3; }));
  client->close();
  ASSERT_TRUE(connection_is_lost(id));
  auto again = connect();
  again->send(RequestText::start(id).text() + frames.substr(half) + end_frame());
  again->read_to_end();
  EXPECT_EQ(decoded(finished(id).recording), decoded(save("reference.asf", clip("-f asf"))));
}

TEST_F(RecordingTest, IsFinishedWhenThePushNeverEnds) {
  auto client = connect();
  const std::string id = push(*client, frames_of(clip("-f asf")));
  ASSERT_TRUE(packets_reach(id, 10));
  client->close();
  ASSERT_TRUE(connection_is_lost(id));
  clock.advance(60s);
  server->check_timers();
  EXPECT_NEAR(probed(finished(id).recording, "format=duration"), 2.0, 0.15);
}

TEST_F(RecordingTest, IsFinishedWhenTheServerStops) {
  auto client = connect();
  const std::string frames = frames_of(clip("-f asf"));
  const std::string id = push(*client, frames);
  ASSERT_TRUE(packets_reach(id, 10));
  server.reset();
  for (const auto& entry : std::filesystem::directory_iterator(settings.record))
    EXPECT_EQ(header_of(read_file(entry.path())).flags, asf::Header::kSeekable);
}

TEST_F(RecordingTest, KeepsAMalformedPacketWithZerosBehindIt) {
  const std::string small = d_frame(40);
  const auto report = record(h_frame() + small + d_frame(100));
  const std::string file = read_file(report.recording);
  ASSERT_EQ(file.size(), tiny_header().size() + 200);
  EXPECT_EQ(file.substr(tiny_header().size(), 100), small.substr(4) + std::string(60, '\0'));
}

TEST_F(RecordingTest, NeverOverwritesAFile) {
  settings.record_name = "{point}";
  serve();
  const auto taken = settings.record / "live.asf";
  std::ofstream(taken) << "mine";
  std::filesystem::create_symlink("nothing", settings.record / "live-2.asf");
  const auto report = record(h_frame() + d_frame());
  EXPECT_EQ(read_file(taken), "mine");
  EXPECT_EQ(report.recording, settings.record / "live-3.asf");
  EXPECT_TRUE(std::filesystem::exists(report.recording));
}

TEST_F(RecordingTest, StaysInItsDirectoryWhateverThePointIsCalled) {
  settings.points = {"/live", "/../../outside"};
  settings.wall_clock = [] { return std::chrono::system_clock::time_point(); };
  serve();
  auto client = connect();
  const std::string path = "/..%2F../outside";
  client->send(RequestText::setup(path).text());
  const std::string id = push_id_of(client->read_response());
  client->send(RequestText::start(id, 1000, path).text() + h_frame() + d_frame() + end_frame());
  client->read_to_end();
  EXPECT_EQ(finished(id).recording, settings.record / "outside-19700101-000000.asf");
}

/// Makes files of more than `size` bytes impossible, as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

/// By the bytes that the disk takes: fewer than are written at once, about as many, more.
class RecordingOnAFullDisk : public RecordingTest, public testing::WithParamInterface<rlim_t> {
 protected:
  /// ms; of the packets of a file from its first one.
  static std::uint64_t send_duration(Bytes packets, std::size_t size) {
    std::uint64_t end = 0;
    for (; packets.size() >= size; packets = packets.subspan(size)) {
      asf::DataPacket packet;
      EXPECT_TRUE(asf::DataPacket::parse(packets.first(size), packet));
      end = std::max<std::uint64_t>(end, packet.send_time + packet.duration);
    }
    return end;
  }
};

INSTANTIATE_TEST_SUITE_P(Sizes, RecordingOnAFullDisk, testing::Values(40'000, 262'144, 300'000));

TEST_P(RecordingOnAFullDisk, EndsWithTheLastWholePacketThatFitAndSaysSo) {
  std::vector<std::string> lines;
  settings.log = [&](const std::string& line) { lines.push_back(line); };
  serve();
  const std::string frames =
      frames_of(long_clip());  // made before the limit: ffmpeg would have it too
  pubpoint::SessionReport report;
  {
    const FileSizeLimit limit(GetParam());
    report = record(frames);
  }
  EXPECT_TRUE(report.end_of_stream);
  EXPECT_THAT(report.recording_error, HasSubstr("File too large"));
  EXPECT_THAT(report.recording_error, HasSubstr(report.recording.filename().string()));
  server->stop();
  EXPECT_EQ(lines, std::vector<std::string>{report.recording_error});
  const std::string file = read_file(report.recording);
  const asf::Header header = header_of(file);
  const std::size_t packets_at = header.data_object + asf::kDataObjectHeadSize;
  EXPECT_EQ(header.packet_count, (GetParam() - packets_at) / header.packet_size);
  EXPECT_EQ(file.size(), packets_at + header.packet_count * header.packet_size);
  EXPECT_EQ(header.file_size, file.size());
  const std::string packets = file.substr(packets_at);
  const asf::Header pushed = header_of(long_clip());
  EXPECT_EQ(packets,
            long_clip().substr(pushed.data_object + asf::kDataObjectHeadSize, packets.size()));
  EXPECT_EQ(header.send_duration / 10'000, send_duration(as_bytes(packets), header.packet_size));
  EXPECT_EQ(picture(report.recording, "", ""), picture(save("all.asf", long_clip()), "", ""));
}

TEST_F(RecordingTest, ADirectoryThatIsGoneIsReported) {
  std::filesystem::remove(settings.record);
  const auto report = record(h_frame() + d_frame());
  EXPECT_TRUE(report.end_of_stream);
  EXPECT_TRUE(report.recording.empty());
  EXPECT_THAT(report.recording_error, HasSubstr("cannot make"));
  EXPECT_THAT(report.recording_error, HasSubstr("No such file or directory"));
}

TEST_F(RecordingTest, AFileThatIsRemovedMeanwhileIsNoRecording) {
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  ASSERT_TRUE(recorded(settings.record, 1));
  std::filesystem::remove_all(settings.record);
  client->send(d_frame() + end_frame());
  client->read_to_end();
  const auto report = finished(id);
  EXPECT_EQ(report.packets, 2u) << "the push has gone on";
  EXPECT_TRUE(report.recordings.empty());
  EXPECT_THAT(report.recording_error, HasSubstr("was removed while it was written"));
}

TEST_F(RecordingTest, AFileThatIsRemovedIsNoticedWhenTheTimersAreLookedAt) {
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  ASSERT_TRUE(recorded(settings.record, 1));
  std::filesystem::remove(*std::filesystem::directory_iterator(settings.record));
  server->check_timers();
  ASSERT_TRUE(server->wait_for([&] { return !session(id).recording_error.empty(); }));
  EXPECT_TRUE(session(id).running);
  EXPECT_THAT(session(id).recording_error, HasSubstr("was removed while it was written"));
  // The next entry is recorded again.
  client->send(end_frame(1) + c_frame() + d_frame() + end_frame());
  client->read_to_end();
  const auto report = finished(id);
  ASSERT_EQ(report.recordings.size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(report.recording), tiny_header().size() + 100);
}

TEST_F(RecordingTest, APushThatHasToBeRecordedIsEndedWhenItsFileIsRemoved) {
  settings.record_required = true;
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  ASSERT_TRUE(recorded(settings.record, 1));
  std::filesystem::remove_all(settings.record);
  server->check_timers();
  EXPECT_EQ(status_of(client->read_response()), 503);
  EXPECT_THAT(finished(id).ended_because, HasSubstr("was removed while it was written"));
}

TEST_F(RecordingTest, AFileThatIsMovedIsNamedAsWhereItIs) {
  settings.record_name = "{point}";
  serve();
  auto client = connect();
  const std::string id = push(*client, h_frame() + d_frame());
  ASSERT_TRUE(packets_reach(id, 1));
  ASSERT_TRUE(recorded(settings.record, 1));
  std::filesystem::rename(settings.record, directory.path() / "moved");
  client->send(d_frame() + end_frame());
  client->read_to_end();
  const auto report = finished(id);
  EXPECT_EQ(report.recording_error, "");
  ASSERT_EQ(report.recording, directory.path() / "moved" / "live.asf");
  EXPECT_EQ(std::filesystem::file_size(report.recording), tiny_header().size() + 200);
}

TEST_F(RecordingTest, NothingIsRecordedWhenPacketsAreDiscarded) {
  settings.discard = true;
  serve();
  const auto report = record(frames_of(clip("-f asf")));
  EXPECT_TRUE(report.recording.empty());
  EXPECT_TRUE(std::filesystem::is_empty(settings.record));
}

}  // namespace
}  // namespace wmpush::test
