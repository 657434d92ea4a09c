// When the next file begins, what it is called, and what keeps a recording within bounds.
#include "pubpoint/record/recording_series.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "asf/payload.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"

namespace wmpush::test {
namespace {

using pubpoint::RecordingSeries;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

class SeriesOfRecordings : public testing::Test {
 protected:
  SeriesOfRecordings() {
    rules.directory = directory.path();
    rules.name = "{point}-{entry}";
    spec.packet_size = 400;
    spec.streams = {StreamSpec::video(1), StreamSpec::audio(2)};
  }

  std::vector<std::byte> header() const { return make_header(spec); }

  /// A part of a picture, or of sound.
  static std::vector<std::byte> packet(std::uint32_t time, bool key_frame = false,
                                       std::uint8_t stream = 1) {
    PacketSpec packet;
    packet.packet_size = 400;
    packet.send_time = time;
    packet.payloads = {{.stream = stream,
                        .key_frame = key_frame,
                        .media_object_size = 40,
                        .presentation_time = time + 3100,
                        .size = 40}};
    return make_packet(packet);
  }

  std::filesystem::path file(const std::string& name) const { return directory.path() / name; }

  static asf::Header header_of(const std::string& bytes) {
    asf::Header header;
    const auto size = load_le<std::uint64_t>(as_bytes(bytes), 16) + asf::kDataObjectHeadSize;
    EXPECT_FALSE(asf::parse_header(as_bytes(bytes).first(size), header));
    return header;
  }

  struct Times {
    std::uint32_t send;
    std::uint32_t presentation;
    bool operator==(const Times&) const = default;
  };

  /// Send time and first presentation time of each packet.
  static std::vector<Times> times_in(const std::filesystem::path& path) {
    const std::string bytes = read_file(path);
    const asf::Header header = header_of(bytes);
    std::vector<Times> times;
    for (std::uint64_t i = 0; i < header.packet_count; ++i) {
      const Bytes packet = as_bytes(bytes).subspan(
          header.data_object + asf::kDataObjectHeadSize + i * header.packet_size,
          header.packet_size);
      asf::DataPacket head;
      EXPECT_TRUE(asf::DataPacket::parse(packet, head));
      asf::PayloadReader payloads(packet, head);
      asf::Payload payload;
      EXPECT_TRUE(payloads.next(payload));
      times.push_back({head.send_time, payload.presentation_time});
    }
    return times;
  }

  TemporaryDirectory directory;
  pubpoint::RecordingRules rules;
  HeaderSpec spec;
};

TEST_F(SeriesOfRecordings, BeginsANewFileAtTheKeyFrameBehindTheSize) {
  rules.size = header().size() + 2 * 400;
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  series.add(packet(0, true));
  series.add(packet(40));
  series.add(packet(60, true, 2));  // sound is made of nothing but key frames
  series.add(packet(80));
  series.add(packet(1000, true));
  series.add(packet(1040));
  series.finish();
  EXPECT_THAT(series.files(), ElementsAre(file("live-1.asf"), file("live-1-2.asf")));
  EXPECT_EQ(times_in(series.files()[0]),
            (std::vector<Times>{{0, 3100}, {40, 3140}, {60, 3160}, {80, 3180}}));
  EXPECT_EQ(times_in(series.files()[1]), (std::vector<Times>{{0, 3100}, {40, 3140}}));
  for (const auto& path : series.files()) {
    const asf::Header parsed = header_of(read_file(path));
    EXPECT_EQ(parsed.streams.size(), 2u);
    EXPECT_EQ(parsed.flags, asf::Header::kSeekable);
    EXPECT_EQ(parsed.file_size, std::filesystem::file_size(path));
  }
  EXPECT_EQ(series.failure().text, "");
}

TEST_F(SeriesOfRecordings, BeginsANewFileAtTheKeyFrameBehindTheTime) {
  rules.time = 1000ms;
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  for (std::uint32_t time = 5000; time < 8400; time += 100)
    series.add(packet(time, time % 300 == 0));
  series.begin_entry(header());
  series.add(packet(0, true));
  series.finish();
  EXPECT_THAT(series.files(), ElementsAre(file("live-1.asf"), file("live-1-2.asf"),
                                          file("live-1-3.asf"), file("live-2.asf")));
  EXPECT_EQ(times_in(series.files()[0]).front(), (Times{5000, 8100})) << "as it was pushed";
  EXPECT_EQ(times_in(series.files()[1]).front(), (Times{0, 3100}));
  EXPECT_EQ(times_in(series.files()[0]).size() + times_in(series.files()[1]).size() +
                times_in(series.files()[2]).size(),
            34u);
}

TEST_F(SeriesOfRecordings, SoundAloneMayBeCutAnywhere) {
  spec.streams = {StreamSpec::audio(2)};
  rules.time = 100ms;
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  for (std::uint32_t time = 0; time < 280; time += 10) series.add(packet(time, false, 2));
  series.finish();
  EXPECT_EQ(series.files().size(), 4u);
}

TEST_F(SeriesOfRecordings, AFileIsForItsOwnerAndItsGroup) {
  const mode_t old = ::umask(0);
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  series.finish();
  ::umask(old);
  struct stat status {};
  ASSERT_EQ(::stat(series.files().at(0).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

TEST_F(SeriesOfRecordings, BeginsNothingWithoutTheSpaceThatIsToStayFree) {
  rules.free = 1'000'000'000'000'000'000;
  RecordingSeries series(rules, "/live");
  series.check();
  EXPECT_EQ(series.failure().status, 507);
  EXPECT_THAT(series.failure().text, HasSubstr("1000000000000000000 are to stay free"));
  series.begin_entry(header());
  series.add(packet(0, true));
  series.finish();
  EXPECT_TRUE(series.files().empty());
  EXPECT_TRUE(std::filesystem::is_empty(directory.path()));
}

TEST_F(SeriesOfRecordings, WhatIsGivenUpEndsWithItsLastPacket) {
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  series.add(packet(0, true));
  series.add(packet(40));
  series.give_up({503, "too slow"});
  series.add(packet(80));
  series.give_up({503, "too slow again"});
  EXPECT_EQ(series.failure().text, "too slow");
  EXPECT_EQ(times_in(series.files().at(0)).size(), 2u);
  EXPECT_EQ(header_of(read_file(series.files()[0])).file_size,
            std::filesystem::file_size(series.files()[0]));
}

TEST_F(SeriesOfRecordings, TimesGoOnBehindTheirWrapAround) {
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  for (std::uint32_t i = 0; i < 10; ++i) series.add(packet(0xFFFFF000 + i * 1000, i % 2 == 0));
  series.finish();
  std::vector<Times> expected;
  for (std::uint32_t i = 0; i < 10; ++i) expected.push_back({i * 1000, i * 1000 + 3100});
  EXPECT_EQ(times_in(series.files().at(0)), expected);
  const asf::Header parsed = header_of(read_file(series.files()[0]));
  EXPECT_EQ(parsed.send_duration / 10'000, 9040u);
  EXPECT_EQ(parsed.play_duration / 10'000, 10'000u + 3100u);
}

TEST_F(SeriesOfRecordings, NothingIsBeforeTheBeginning) {
  spec.packet_size = 400;
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  series.add(packet(0xFFFFFFF0u - 3100));  // 16 ms before the zero of the presentation
  series.add(packet(0xFFFFFFF0u - 4100));  // back by a second
  series.finish();
  EXPECT_EQ(times_in(series.files().at(0)), (std::vector<Times>{{0, 3100}, {0, 2100}}));
  series.begin_entry(header());
  series.add(packet(0));
  series.add(packet(0xFFFFFFF0u - 3100));
  series.finish();
  EXPECT_EQ(times_in(series.files().at(1)), (std::vector<Times>{{0, 3100}, {0, 0}}));
}

/// Packets with a key frame at `time` for each of `streams` streams.
std::vector<std::vector<std::byte>> key_frames(unsigned streams, std::uint32_t send,
                                               std::uint32_t time) {
  std::vector<std::vector<std::byte>> packets;
  for (unsigned stream = 1; stream <= streams;) {
    PacketSpec packet;
    packet.packet_size = 3200;
    packet.send_time = send;
    for (; stream <= streams && packet.payloads.size() < 60; ++stream)
      packet.payloads.push_back({.stream = static_cast<std::uint8_t>(stream),
                                 .key_frame = true,
                                 .media_object_size = 1,
                                 .presentation_time = time,
                                 .size = 1});
    packets.push_back(make_packet(packet));
  }
  return packets;
}

TEST_F(SeriesOfRecordings, AFewPacketsNeverMakeALargeIndex) {
  spec.packet_size = 3200;
  spec.streams.clear();
  for (std::uint8_t i = 1; i <= 127; ++i) spec.streams.push_back(StreamSpec::video(i));
  for (const std::uint32_t last : {0x7FFFFFF0u, 0xFFFFFFF0u}) {
    RecordingSeries series(rules, "/live");
    series.begin_entry(header());
    for (const auto& each : key_frames(127, 0, 0)) series.add(each);
    for (const auto& each : key_frames(127, 1, last)) series.add(each);
    // Jump after jump.
    for (std::uint32_t i = 1; i < 20; ++i)
      for (const auto& each : key_frames(127, i * 0x7FFFFFFF, i * 0x7FFFFFFF)) series.add(each);
    series.finish();
    EXPECT_EQ(series.failure().text, "");
    EXPECT_LT(std::filesystem::file_size(series.files().at(0)), 1'000'000u);
  }
}

TEST_F(SeriesOfRecordings, AnHourOfSilenceIsIndexedSecondBySecond) {
  RecordingSeries series(rules, "/live");
  series.begin_entry(header());
  series.add(packet(0, true));
  series.add(packet(3'590'000, true));
  series.finish();
  const std::string bytes = read_file(series.files().at(0));
  const asf::Header parsed = header_of(bytes);
  ByteReader index(as_bytes(bytes).subspan(parsed.data_object + 50 + 2 * 400));
  EXPECT_EQ(asf::guid_at(index.bytes(16)), asf::kSimpleIndex);
  index.skip(8 + 16);
  EXPECT_EQ(index.u64(), 10'000'000u);
  index.skip(4);
  EXPECT_EQ(index.u32(), 3594u);
}

}  // namespace
}  // namespace wmpush::test
