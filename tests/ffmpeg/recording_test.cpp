// What ffmpeg pushes is what the publishing point gets.
// SPDX-License-Identifier: LGPL-2.1-or-later
extern "C" {
#include <libavutil/error.h>
}

#include <fstream>

#include "publishing_point.hpp"

namespace wmpush::test {
namespace {

struct Case {
  std::string name;
  Arguments streams;  ///< which streams, and the muxer's settings
  Arguments format;   ///< of the push; the file is always -f asf
};

void PrintTo(const Case& the_case, std::ostream* out) { *out << the_case.name; }

class Recording : public PublishingPoint, public testing::WithParamInterface<Case> {};

TEST_P(Recording, HasTheFramesOfAFileThatTheSameCommandWrote) {
  const Arguments input =
      Arguments{"-i", media("input.asf")} + GetParam().streams + Arguments{"-c", "copy"};
  const std::string reference = file("reference.asf");
  ASSERT_EQ(run(ffmpeg(input + Arguments{"-f", "asf", reference})).status, 0);

  const Finished push = run(ffmpeg_wmpush(input + GetParam().format + Arguments{url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(reference);
}

const Arguments kAsf{"-f", "asf"};
const Arguments kPicture{"-map", "0:0", "-map", "0:1"};

INSTANTIATE_TEST_SUITE_P(
    Of, Recording,
    testing::Values(Case{"Asf", kPicture, kAsf}, Case{"AsfStream", kPicture, {"-f", "asf_stream"}},
                    Case{"AFormatThatIsLeftOut", kPicture, {}},
                    Case{"SoundOnly", {"-map", "0:1"}, kAsf},
                    Case{"PictureOnly", {"-map", "0:0"}, kAsf},
                    Case{"TwoSounds", {"-map", "0"}, kAsf},
                    Case{"MergedWrites", kPicture, {"-f", "asf", "-flush_packets", "0"}},
                    Case{"Packets400", {"-map", "0", "-packet_size", "400"}, kAsf},
                    Case{"Packets1400", {"-map", "0", "-packet_size", "1400"}, kAsf},
                    Case{"Packets3200", {"-map", "0", "-packet_size", "3200"}, kAsf},
                    Case{"Packets60000", {"-map", "0", "-packet_size", "60000"}, kAsf}),
    [](const auto& parameter) { return parameter.param.name; });

class EncodedPush : public PublishingPoint {};

TEST_F(EncodedPush, HasTheFramesOfAFileThatTheSameCommandWrote) {
  const Arguments encode{"-f",   "lavfi", "-i",   "testsrc2=size=160x120:rate=25:duration=1",
                         "-f",   "lavfi", "-i",   "sine=duration=1",
                         "-c:v", "wmv2",  "-c:a", "wmav2",
                         "-f",   "asf"};
  const std::string reference = file("reference.asf");
  // Two builds of ffmpeg may well encode differently.
  ASSERT_EQ(run(ffmpeg_wmpush(encode + Arguments{reference})).status, 0);

  const Finished push = run(ffmpeg_wmpush(encode + Arguments{url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(reference);
}

class Muxer : public PublishingPoint {
 protected:
  const Arguments input{"-i", media("input.asf"), "-map", "0:0", "-map", "0:1", "-c", "copy"};
  std::string reference() {
    const std::string path = file("reference.asf");
    EXPECT_EQ(run(ffmpeg(input + Arguments{"-f", "asf", path})).status, 0);
    return path;
  }
};

TEST_F(Muxer, TeePushesWhatItWritesToAFile) {
  const std::string copy = file("copy.asf");

  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "tee", "[f=asf]" + url() + "|[f=asf]" + copy}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(copy);
}

TEST_F(Muxer, FifoPushes) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "fifo", "-fifo_format", "asf", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(reference());
}

TEST_F(Muxer, TeeWithFifoPushes) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "tee", "-use_fifo", "1", "[f=asf]" + url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(reference());
}

TEST_F(Muxer, SegmentPushesEachSegmentToAPointOfItsOwn) {
  pubpoint::Settings settings;
  settings.points = {"/live0", "/live1", "/live2", "/live3"};
  start(settings);

  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "segment", "-segment_format", "asf",
                                          "-segment_time", "0.5", url("/live") + "%d"}));

  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_TRUE(server->wait_for([&] {
    for (const auto& session : server->sessions())
      if (session.running) return false;
    return true;
  }));
  EXPECT_GE(server->sessions().size(), 2u);
  for (const auto& session : server->sessions()) {
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_EQ(session.end_reason, 0u);
    EXPECT_GT(session.packets, 0u);
  }
  expect_no_breaches();
}

TEST_F(Muxer, SegmentsInAPipeAreAPlaylistForTheTool) {
  const std::string command = std::string(
      "\"$1\" -v error -nostdin -i \"$2\" -map 0:0 -map 0:1 "
      "-c copy -f segment -strftime 1 -segment_format asf "
      "-segment_time 0.5 pipe:1 | \"$3\" send --fast - \"$4\"");
  const Finished push =
      run({"sh", "-c", command, "sh", FFMPEG, media("input.asf"), WMPUSH_PROGRAM, url()});

  EXPECT_EQ(push.status, 0) << push.error;
  const auto session = ended_session();
  EXPECT_EQ(session.end_reason, 0u);
  ASSERT_GE(session.recordings.size(), 2u);
  // Each entry decodes by itself, and together they have all the pictures.
  std::size_t pictures = 0;
  for (const auto& recording : session.recordings) {
    const std::string frames = decoded_frames(recording);
    for (std::size_t at = 0; (at = frames.find("\n0,", at)) != frames.npos; ++at) ++pictures;
  }
  EXPECT_EQ(pictures, 50u);
}

TEST_F(Muxer, SegmentsOfOnePointArePushesOneAfterAnother) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-f", "segment", "-strftime", "1", "-segment_format",
                                          "asf", "-segment_time", "0.5", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  ASSERT_TRUE(server->wait_for([&] { return !server->sessions().back().running; }));
  EXPECT_GE(server->sessions().size(), 2u);
  for (const auto& session : server->sessions()) {
    EXPECT_TRUE(session.end_of_stream);
    EXPECT_EQ(session.end_reason, 0u);
  }
  expect_no_breaches();
}

TEST_F(Muxer, InputsThatConcatJoinsAreOneEntry) {
  const std::string list = file("list.txt");
  std::ofstream(list) << "file '" << media("input.asf") << "'\nfile '" << media("input.asf")
                      << "'\n";
  const Arguments joined{"-f",   "concat", "-safe", "0",   "-i", list,
                         "-map", "0:0",    "-map",  "0:1", "-c", "copy"};
  const std::string copy = file("copy.asf");
  ASSERT_EQ(run(ffmpeg(joined + Arguments{"-f", "asf", copy})).status, 0);

  const Finished push = run(ffmpeg_wmpush(joined + Arguments{"-f", "asf", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(copy);
}

/// A tag takes two bytes of the header for each of its characters.
Arguments tags(std::size_t bytes) {
  const std::string text(bytes / 4, 'x');
  return {"-metadata", "first=" + text, "-metadata", "second=" + text};
}

class LargeHeader : public Muxer {};

TEST_F(LargeHeader, Of60KiBIsPushed) {
  const Arguments large = input + tags(60 * 1024 - 1000) + Arguments{"-f", "asf"};
  const std::string path = file("large.asf");
  ASSERT_EQ(run(ffmpeg(large + Arguments{path})).status, 0);

  const Finished push = run(ffmpeg_wmpush(large + Arguments{url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  expect_recording_of(path);
}

TEST_F(LargeHeader, Of70KiBIsMadeToFitAndTheUserHearsWhatIsMissing) {
  const Finished push = run(ffmpeg_wmpush(input + tags(70 * 1024) + Arguments{"-f", "asf", url()}));

  EXPECT_EQ(push.status, 0) << push.error;
  EXPECT_THAT(push.error, testing::ContainsRegex("left out of the ASF header.*65531 bytes: .*"
                                                 "(first|second) \\([0-9]+ bytes\\)"));
  expect_no_breaches();
}

TEST_F(LargeHeader, Of70KiBIsRefusedWithItsSizeWhereNothingIsToBeMended) {
  const Finished push = run(
      ffmpeg_wmpush(input + tags(70 * 1024) + Arguments{"-f", "asf", "-fix_header", "0", url()}));

  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, testing::ContainsRegex("header.*7[12][0-9][0-9][0-9] bytes"));
  expect_failed(push, "NS_E_INVALID_DATA (0xC00D002F)", AVERROR_INVALIDDATA);
}

TEST_F(Muxer, PacketSizeAboveWhatAFrameCarriesIsRefused) {
  const Finished push =
      run(ffmpeg_wmpush(input + Arguments{"-packet_size", "65536", "-f", "asf", url()}));

  EXPECT_NE(push.status, 0);
  EXPECT_THAT(push.error, testing::HasSubstr("65536"));
  EXPECT_THAT(push.error, testing::HasSubstr("65535"));
}

}  // namespace
}  // namespace wmpush::test
