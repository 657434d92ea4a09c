// What FFmpeg's ASF muxer writes with the patches of patches/: this program is run with the patched
// ffmpeg's path in WMPUSH_TEST_FFMPEG, by patches/test-all.sh.
// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "publishing_point.hpp"

namespace wmpush::test {
namespace {

using Clock = std::chrono::steady_clock;

std::string patched() {
  const char* path = std::getenv("WMPUSH_TEST_FFMPEG");
  if (path == nullptr) {
    std::fputs("WMPUSH_TEST_FFMPEG has to name a patched ffmpeg\n", stderr);
    std::exit(2);
  }
  return path;
}

/// A command whose standard output is read while it runs.
class Stream {
 public:
  explicit Stream(const std::string& arguments)
      : start_(Clock::now()),
        pipe_(popen(("exec " + patched() + " -v error -nostdin " + arguments).c_str(), "r")) {}

  /// Reads until `bytes` have come, or the end; the seconds it took since the start.
  double read(std::size_t bytes) {
    char piece[4096];
    while (text_.size() < bytes) {
      const ssize_t got = ::read(fileno(pipe_.get()), piece, sizeof piece);
      if (got <= 0) break;
      text_.append(piece, static_cast<std::size_t>(got));
    }
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }
  const std::string& text() const { return text_; }

 private:
  struct Close {
    void operator()(std::FILE* pipe) const { pclose(pipe); }
  };
  Clock::time_point start_;
  std::unique_ptr<std::FILE, Close> pipe_;
  std::string text_;
};

std::string written(const std::string& arguments) {
  Stream stream(arguments + " pipe:1");
  stream.read(std::string::npos);
  return stream.text();
}

std::uint64_t number(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes.at(at + i))} << (8 * i);
  return value;
}

const std::string kFileProperties("\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11", 8);
const std::string kBitrates("\xCE\x75\xF8\x7B\x8D\x46\xD1\x11", 8);
const std::string kPicture = "-f lavfi -i testsrc2=size=160x120:rate=25:duration=5 ";
const std::string kTone = "-f lavfi -i sine=duration=1 ";
const std::string kCodecs = "-c:v wmv2 -b:v 200k -c:a wmav2 -b:a 64k ";

TEST(LiveMuxer, WritesLargeHeadersRightOnAPipe) {
  const std::string text(30'000, 'x');
  const std::string bytes = written(kPicture + "-t 1 -c:v wmv2 -metadata title=" + text +
                                    " -metadata other=" + text + " -f asf");

  const std::uint64_t size = number(bytes, 16, 8);
  EXPECT_GT(size, 120'000u);
  EXPECT_LT(size, bytes.size());
  // The objects of the header, by their own sizes, end where it ends.
  std::uint64_t at = 30;
  for (std::uint64_t objects = number(bytes, 24, 4); objects > 0; --objects)
    at += number(bytes, at + 16, 8);
  EXPECT_EQ(at, size);
}

TEST(LiveMuxer, MarksALiveOutputAsBroadcastOnly) {
  const std::string bytes = written(kPicture + "-t 1 -c:v wmv2 -f asf");
  EXPECT_EQ(number(bytes, bytes.find(kFileProperties) + 88, 4), 1u);
}

TEST(LiveMuxer, GivesEachFileAnIdOfItsOwn) {
  const std::string command = kPicture + "-t 1 -c:v wmv2 -f asf";
  const std::string one = written(command);
  const std::string other = written(command);
  const std::string id = one.substr(one.find(kFileProperties) + 24, 16);
  EXPECT_NE(id, std::string(16, '\0'));
  EXPECT_NE(id, other.substr(other.find(kFileProperties) + 24, 16));
  EXPECT_EQ(id, one.substr(number(one, 16, 8) + 24, 16)) << "of the Data Object";
  const std::string exact = written(command + " -bitexact");
  EXPECT_EQ(exact.substr(exact.find(kFileProperties) + 24, 16), std::string(16, '\0'));
}

TEST(LiveMuxer, WritesTheBitRatesOfTheStreams) {
  const std::string bytes = written(kPicture + kTone + kCodecs + "-t 1 -f asf");
  const std::size_t at = bytes.find(kBitrates);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(number(bytes, at + 16, 8), 24u + 2 + 2 * 6);
  EXPECT_EQ(number(bytes, at + 24, 2), 2u);
  EXPECT_EQ(number(bytes, at + 26, 2), 1u);
  EXPECT_EQ(number(bytes, at + 28, 4), 200'000u);
  EXPECT_EQ(number(bytes, at + 32, 2), 2u);
  EXPECT_EQ(number(bytes, at + 34, 4), 64'000u);
}

TEST(LiveMuxer, DoesNotWaitForAStreamThatHasEnded) {
  // Five seconds in real time. Half of what comes of them is there after half of the time.
  const std::string pushed = kPicture + kTone + kCodecs;
  const std::size_t all = written(pushed + "-f asf").size();
  for (const std::string option : {"", "-max_interleave_delta 300000 "}) {
    SCOPED_TRACE(option);
    Stream stream("-re " + pushed + option + "-f asf pipe:1");
    EXPECT_LT(stream.read(all / 2), 3.8);
    EXPECT_GT(stream.read(std::string::npos), 4.0);
  }
}

TEST(LiveMuxer, SendsASlowStreamWithoutWaitingForFullPackets) {
  const std::string slow =
      "-re -f lavfi -i testsrc2=size=16x16:rate=5:duration=3 -c:v wmv2 -b:v 4k ";
  for (const std::string option : {"-flush_packets 1", "-max_packet_delay 0.2"}) {
    SCOPED_TRACE(option);
    Stream stream(slow + option + " -f asf pipe:1");
    stream.read(30);
    const std::size_t header = number(stream.text(), 16, 8) + 50;
    EXPECT_LT(stream.read(header + 3200), 1.5);
    EXPECT_EQ(stream.text().substr(header, 1), "\x82");
  }
}

TEST(PatchedFfmpeg, FailsWhenTheTrailerCannotBeWritten) {
  // So little that all of it is still in the buffer then.
  const Finished written = run({patched(), "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i",
                                "testsrc2=size=32x32:rate=5:duration=0.4", "-c:v", "wmv2",
                                "-flush_packets", "0", "-f", "asf", "/dev/full"});
  EXPECT_GT(written.status, 0) << written.error;
}

class BFrames : public testing::TestWithParam<std::string> {};

TEST_P(BFrames, ComeBackAtTheirPresentationTimes) {
  const std::string encoded = testing::TempDir() + "wmpush-b-frames.mp4";
  const std::string muxed = testing::TempDir() + "wmpush-b-frames.asf";
  const std::string quiet = " -v error -nostdin -y ";
  ASSERT_EQ(std::system((std::string(FFMPEG) + quiet + kPicture + "-t 2 -bf 2 -g 25 -c:v " +
                         GetParam() + " " + encoded)
                            .c_str()),
            0);
  ASSERT_EQ(std::system((patched() + quiet + "-i " + encoded + " -c copy " + muxed).c_str()), 0);
  // The program next to ffmpeg: older demuxers take the times for decoding times.
  const std::string ffprobe = patched().substr(0, patched().rfind('/')) + "/ffprobe";
  const Finished probed = run({ffprobe, "-v", "error", "-select_streams", "v", "-show_entries",
                               "frame=best_effort_timestamp_time", "-of", "csv=p=0", muxed});
  std::remove(encoded.c_str());
  std::remove(muxed.c_str());

  std::istringstream lines(probed.output);
  double first = -1;
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    const double time = std::strtod(line.c_str(), nullptr);
    if (first < 0) first = time;
    EXPECT_NEAR(time - first, 0.04 * count, 0.0011) << "of frame " << count;
    ++count;
  }
  EXPECT_EQ(count, 50) << probed.error;
}

INSTANTIATE_TEST_SUITE_P(Of, BFrames, testing::Values("libx264", "mpeg4"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace wmpush::test
