#include "pubpoint/hls/playlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pubpoint/hls/backlog.hpp"
#include "pubpoint/hls/fragment_reader.hpp"
#include "pubpoint/hls/program_words.hpp"
#include "support/clip.hpp"

namespace wmpush::pubpoint {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

SharedText shared(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

Playlist playlist(std::size_t segments = 3, std::size_t memory = 1000) {
  return Playlist({.segments = segments, .memory = memory, .segment_time = 2000ms});
}

TEST(Playlist, ListsTheLatestSegmentsWithWhatTheyBeginWith) {
  Playlist list = playlist();
  EXPECT_FALSE(list.has_segments());
  list.begin_run("one", shared("init"));
  for (int i = 0; i < 5; ++i) list.add(shared("s" + std::to_string(i)), 2000ms);
  EXPECT_EQ(list.text("live.hls/", ""),
            "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:2\n"
            "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-MAP:URI=\"live.hls/one-init.mp4\"\n"
            "#EXTINF:2.000000,\nlive.hls/one-2.m4s\n"
            "#EXTINF:2.000000,\nlive.hls/one-3.m4s\n"
            "#EXTINF:2.000000,\nlive.hls/one-4.m4s\n");
  EXPECT_EQ(*list.find("one-4.m4s"), "s4");
  EXPECT_EQ(*list.find("one-0.m4s"), "s0") << "who has an older playlist gets it still";
  EXPECT_EQ(*list.find("one-init.mp4"), "init");
  EXPECT_EQ(list.find("one-5.m4s"), nullptr);
}

TEST(Playlist, GoesOnOverRunsWithDiscontinuitiesThatAreCounted) {
  Playlist list = playlist();
  list.begin_run("one", shared("a"));
  list.add(shared("s"), 2000ms);
  list.begin_run("two", shared("b"));
  list.add(shared("s"), 2000ms);
  EXPECT_THAT(
      list.text("", "t=1"),
      HasSubstr("one-0.m4s?t=1\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"two-init.mp4?t=1\""));
  for (int i = 0; i < 3; ++i) list.add(shared("s"), 2000ms);
  EXPECT_THAT(list.text("", ""),
              AllOf(HasSubstr("#EXT-X-MEDIA-SEQUENCE:2\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"),
                    Not(HasSubstr("#EXT-X-DISCONTINUITY\n")), HasSubstr("two-init.mp4")));
}

TEST(Playlist, EndsOnceAndBeginsAnewWithLaterNumbers) {
  Playlist list = playlist();
  list.begin_run("one", shared("a"));
  list.add(shared("s"), 7400ms);
  list.end();
  EXPECT_THAT(list.text("", ""),
              AllOf(testing::EndsWith("#EXT-X-ENDLIST\n"), HasSubstr("#EXT-X-TARGETDURATION:7\n")));
  list.clear();
  EXPECT_EQ(list.find("one-0.m4s"), nullptr);
  list.begin_run("two", shared("b"));
  list.add(shared("s"), 2000ms);
  EXPECT_THAT(list.text("", ""),
              AllOf(HasSubstr("#EXT-X-MEDIA-SEQUENCE:1\n"), Not(HasSubstr("ENDLIST")),
                    HasSubstr("#EXT-X-TARGETDURATION:2\n")));
}

TEST(Playlist, KeepsNoMoreThanItsMemory) {
  Playlist list = playlist(3, 250);
  list.begin_run("one", shared("a"));
  for (int i = 0; i < 3; ++i) list.add(shared(std::string(100, 'x')), 2000ms);
  EXPECT_EQ(list.size(), 2u);
  EXPECT_THAT(list.text("", ""), HasSubstr("#EXT-X-MEDIA-SEQUENCE:1\n"));
  list.add(shared(std::string(1000, 'x')), 2000ms);
  EXPECT_EQ(list.size(), 1u) << "the newest stays, however large";
}

/// What a packager writes of two seconds at 15 frames a second, with a key frame each 7.
const std::string& fragmented() {
  return test::clip(
      "-c:v libx264 -preset veryfast -bf 0 -pix_fmt yuv420p -g 7 -c:a aac -movflags "
      "+frag_keyframe+empty_moov+default_base_moof+skip_trailer -f mp4");
}

TEST(FragmentReader, FindsTheSameFragmentsHoweverTheInputIsCut) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    FragmentReader reader(1 << 20);
    std::vector<Fragment> done;
    Bytes rest = as_bytes(fragmented());
    while (!rest.empty()) {
      const Bytes next = rest.first(std::min(piece, rest.size()));
      ASSERT_EQ(reader.take(next, done), "");
      rest = rest.subspan(next.size());
    }
    ASSERT_EQ(done.size(), 5u);
    std::string all = reader.init();
    std::chrono::microseconds duration{0};
    for (const Fragment& fragment : done) {
      all += fragment.bytes;
      duration += fragment.duration;
    }
    EXPECT_EQ(all, fragmented());
    EXPECT_NEAR(static_cast<double>(done[1].duration.count()), 7e6 / 15, 2000);
    EXPECT_NEAR(static_cast<double>(duration.count()), 2e6, 40'000);
  }
}

TEST(FragmentReader, RefusesWhatIsNoMp4OrTooLarge) {
  std::vector<Fragment> done;
  EXPECT_THAT(FragmentReader(1000).take(as_bytes(std::string_view("\0\0\0\4ftyp", 8)), done),
              HasSubstr("no MP4"));
  EXPECT_THAT(FragmentReader(1000).take(as_bytes(std::string_view("\0\1\0\0moof", 8)), done),
              HasSubstr("key frames are too far apart"));
  // Cut or changed anywhere, it is read without harm.
  for (std::size_t i = 0; i < 3000; i += 3) {
    std::string spoilt = fragmented().substr(0, 20'000);
    spoilt[i] = static_cast<char>(spoilt[i] ^ 0xFF);
    FragmentReader reader(1 << 20);
    static_cast<void>(reader.take(as_bytes(spoilt), done));
  }
}

TEST(Backlog, BeginsWithAKeyFrameThatIsAsOldAsItShouldBe) {
  Backlog backlog(2000ms, 1'000'000);
  const auto push = [&](std::uint32_t time, bool starts, std::size_t size = 10) {
    auto packet = std::make_shared<Packet>();
    packet->whole.resize(size);
    packet->send_time = time;
    packet->starts = starts;
    backlog.push(std::move(packet));
  };
  push(0, false);
  EXPECT_TRUE(backlog.packets().empty());
  for (std::uint32_t time = 0; time < 6000; time += 100) push(time, time % 1000 == 0);
  ASSERT_FALSE(backlog.packets().empty());
  EXPECT_TRUE(backlog.packets().front()->starts);
  EXPECT_EQ(backlog.packets().front()->send_time, 3000u) << "2000 ms before the newest, at 5000";
  push(6000, false, 2'000'000);
  EXPECT_TRUE(backlog.packets().empty()) << "more than it may keep, and no key frame behind it";
}

TEST(Complaints, FindWhatHasARemedy) {
  Complaints copy(HlsMode::Copy);
  EXPECT_FALSE(copy.take("[mp4] Could not find tag for codec wmv2 in stream #0\nError initia"));
  EXPECT_FALSE(copy.take("lizing output stream\n"));
  EXPECT_THAT(copy.told(), AllOf(HasSubstr("wmv2"), HasSubstr("use hls = \"transcode\"")));
  Complaints frames(HlsMode::Copy);
  EXPECT_TRUE(frames.take("[mp4 @ 0x1] pts has no value\n"));
  EXPECT_THAT(frames.told(), HasSubstr("-bf 0"));
  Complaints transcode(HlsMode::Transcode);
  EXPECT_FALSE(transcode.take("Unknown encoder 'libx264'\nand more\n"));
  EXPECT_THAT(transcode.told(), HasSubstr("libx264 and its own AAC encoder"));
  Complaints other(HlsMode::Transcode);
  EXPECT_FALSE(other.take("first\nlast\n"));
  EXPECT_EQ(other.told(), "last");
  EXPECT_FALSE(other.take(std::string(100'000, 'x') + "\n"));
  EXPECT_EQ(other.told().size(), 400u);
}

TEST(PackagerCommand, CutsVideoAtKeyFramesAndSoundByTime) {
  HlsSettings settings;
  const auto video = packager_command(settings, HlsMode::Copy, true);
  EXPECT_EQ(video.front(), "ffmpeg");
  EXPECT_THAT(video,
              AllOf(Contains("copy"), Not(Contains("libx264")), Not(Contains("-frag_duration"))));
  EXPECT_THAT(packager_command(settings, HlsMode::Transcode, true),
              AllOf(Contains("libx264"), Contains("expr:gte(t,n_forced*2.000)")));
  EXPECT_THAT(packager_command(settings, HlsMode::Transcode, false),
              AllOf(Contains("-frag_duration"), Contains("2000000")));
}

}  // namespace
}  // namespace wmpush::pubpoint
