#include "asf/header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "support/asf_builder.hpp"
#include "support/clip.hpp"

namespace wmpush::asf {
namespace {

using test::HeaderSpec;
using test::StreamSpec;
using testing::HasSubstr;

constexpr Guid kFresh = guid(0xFEEDFACE, 1, 2, 3, 0x0102030405FF);

HeaderFixup nothing() {
  HeaderFixup fixup;
  fixup.file_id = fixup.live_flags = fixup.max_bitrate = fixup.stream_bitrates = fixup.audio_rate =
      fixup.object_count = false;
  fixup.fresh_id = kFresh;
  return fixup;
}

HeaderFixup everything() {
  HeaderFixup fixup;
  fixup.fresh_id = kFresh;
  return fixup;
}

std::vector<std::byte> repair(const HeaderFixup& fixup, Bytes header) {
  std::vector<std::byte> fixed;
  const Error error = fixup.apply(header, fixed);
  EXPECT_FALSE(error) << error.message;
  return fixed;
}

Header parse(Bytes bytes) {
  Header header;
  const Error error = parse_header(bytes, header);
  EXPECT_FALSE(error) << error.message;
  return header;
}

/// The records of the Stream Bitrate Properties Object, read without the code under test.
std::map<int, std::uint32_t> bitrates(Bytes header) {
  std::map<int, std::uint32_t> rates;
  const auto found = std::search(header.begin(), header.end(), kStreamBitrateProperties.begin(),
                                 kStreamBitrateProperties.end());
  if (found == header.end()) return rates;
  const auto at = static_cast<std::size_t>(found - header.begin());
  const unsigned count = load_le<std::uint16_t>(header, at + 24);
  EXPECT_EQ(load_le<std::uint64_t>(header, at + 16), 26 + 6 * count);
  for (unsigned i = 0; i < count; ++i)
    rates[load_le<std::uint16_t>(header, at + 26 + 6 * i)] =
        load_le<std::uint32_t>(header, at + 28 + 6 * i);
  return rates;
}

/// The objects of a header by following their sizes to the end.
unsigned count_objects(Bytes header) {
  const auto size = load_le<std::uint64_t>(header, 16);
  unsigned count = 0;
  std::size_t at = 30;
  for (; at < size; ++count) at += load_le<std::uint64_t>(header, at + 16);
  EXPECT_EQ(at, size);
  EXPECT_EQ(guid_at(header.subspan(at)), kDataObject);
  return count;
}

TEST(Header, IsReadByTheSizesOfItsObjects) {
  HeaderSpec spec;
  spec.declared_objects = 1;
  spec.filling = 100;
  spec.streams = {StreamSpec::audio(1, 8000), StreamSpec::video(2)};
  const Header header = parse(test::make_header(spec));
  EXPECT_EQ(header.file_id, test::kFileId);
  EXPECT_EQ(header.packet_size, 200u);
  EXPECT_EQ(header.max_bitrate, 1'000'000u);
  EXPECT_TRUE(header.broadcast());
  ASSERT_EQ(header.streams.size(), 2u);
  EXPECT_EQ(header.streams[0].bitrate, 64'000u);
  EXPECT_EQ(header.streams[1].type, kVideoMedia);
  EXPECT_EQ(header.streams[1].width, 320u);
  EXPECT_EQ(header.object_count, 5u);
  EXPECT_EQ(header.declared_objects, 1u);
  EXPECT_NE(header.data_object, 0u);
}

TEST(Header, IsReadWithoutTheDataObjectToo) {
  auto bytes = test::make_header({});
  bytes.resize(bytes.size() - kDataObjectHeadSize);
  EXPECT_EQ(parse(bytes).data_object, 0u);
}

TEST(Header, WithoutFilePropertiesIsRefused) {
  auto bytes = test::make_header({});
  bytes[30] = std::byte{0};
  Header header;
  const Error error = parse_header(bytes, header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, HasSubstr("File Properties"));
}

TEST(Header, WhoseObjectsLeaveTheirParentIsRefused) {
  const auto bytes = test::make_header({.streams = {StreamSpec::audio(1)}});
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{23}, std::uint64_t{100'000},
                                   ~std::uint64_t{0}, ~std::uint64_t{0} - 30}) {
    auto broken = bytes;
    store_le(broken, 30 + 16, size);
    Header header;
    const Error error = parse_header(broken, header);
    EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA) << size;
    EXPECT_THAT(error.message, HasSubstr(std::to_string(size)));
  }
}

TEST(Header, CutAnywhereIsRefusedOrReadWhole) {
  HeaderSpec spec;
  spec.streams = {StreamSpec::audio(1), StreamSpec::video(2)};
  spec.extended = {{2, 5000}};
  spec.bitrates = {{1, 64'000}};
  const auto bytes = test::make_header(spec);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Header header;
    const bool whole = size == bytes.size() - kDataObjectHeadSize;
    EXPECT_EQ(static_cast<bool>(parse_header(Bytes(bytes).first(size), header)), !whole) << size;
  }
}

TEST(Header, WithAPacketSizeThatCannotBePushedNamesTheRemedy) {
  Header header;
  Error error = parse_header(test::make_header({.packet_size = 65536}), header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, HasSubstr("65536"));
  EXPECT_THAT(error.message, HasSubstr("-packet_size"));
  error = parse_header(test::make_header({.min_packet_size = 100, .packet_size = 200}), header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, HasSubstr("100 to 200"));
  error = parse_header(test::make_header({.packet_size = 0}), header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_FALSE(parse_header(test::make_header({.packet_size = 65535}), header));
}

TEST(Header, WhoseSizeWasNeverFilledInIsExplained) {
  auto bytes = test::make_header({});
  store_le(bytes, 16, ~std::uint64_t{0});
  Header header;
  const Error error = parse_header(bytes, header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, HasSubstr("buffer"));
}

TEST(HeaderFixup, LeavesAFitHeaderAsItIs) {
  HeaderSpec spec;
  spec.streams = {StreamSpec::audio(1, 8000), StreamSpec::video(2)};
  spec.bitrates = {{1, 64'000}, {2, 300'000}};
  const auto bytes = test::make_header(spec);
  EXPECT_EQ(repair(everything(), bytes), bytes);
}

TEST(HeaderFixup, WithEverySwitchOffChangesNothing) {
  HeaderSpec spec;
  spec.file_id = spec.data_file_id = {};
  spec.flags = 3;
  spec.max_bitrate = 0;
  spec.declared_objects = 1;
  spec.streams = {StreamSpec::audio(1, 0), StreamSpec::video(2)};
  const auto bytes = test::make_header(spec);
  EXPECT_EQ(repair(nothing(), bytes), bytes);
}

/// Positions of the bytes that differ.
std::vector<std::size_t> changes(Bytes before, Bytes after) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < before.size(); ++i)
    if (before[i] != after[i]) positions.push_back(i);
  return positions;
}

/// A header that needs every repair, and what one repair changes in it.
struct Repair {
  std::vector<std::byte> before;
  std::vector<std::byte> after;
  explicit Repair(bool HeaderFixup::*which) {
    HeaderSpec spec;
    spec.file_id = spec.data_file_id = {};
    spec.flags = 3;
    spec.max_bitrate = 0xFFFFFFFF;
    spec.declared_objects = 1;
    spec.streams = {StreamSpec::audio(1, 0), StreamSpec::video(2)};
    before = test::make_header(spec);
    HeaderFixup fixup = nothing();
    fixup.*which = true;
    after = repair(fixup, before);
  }
};

TEST(HeaderFixup, GivesAFileIdToBothObjectsAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::file_id);
  ASSERT_EQ(made.before.size(), made.after.size());
  const std::size_t data = made.before.size() - kDataObjectHeadSize;
  EXPECT_EQ(guid_at(Bytes(made.after).subspan(30 + 24)), kFresh);
  EXPECT_EQ(guid_at(Bytes(made.after).subspan(data + 24)), kFresh);
  for (const std::size_t at : changes(made.before, made.after))
    EXPECT_TRUE((at >= 54 && at < 70) || (at >= data + 24 && at < data + 40)) << at;
}

TEST(HeaderFixup, SetsTheFlagsOfALivePushAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::live_flags);
  EXPECT_EQ(changes(made.before, made.after), std::vector<std::size_t>{30 + 88});
  EXPECT_EQ(parse(made.after).flags, Header::kBroadcast);
}

TEST(HeaderFixup, ReplacesAnUnknownMaximumBitrateAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::max_bitrate);
  for (const std::size_t at : changes(made.before, made.after))
    EXPECT_TRUE(at >= 130 && at < 134) << at;
  // Stereo sound of unknown rate, and 320x240 pictures.
  EXPECT_EQ(parse(made.after).max_bitrate, 128'000u + 192'000u);
}

TEST(HeaderFixup, FillsInTheAudioRateAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::audio_rate);
  EXPECT_EQ(parse(made.after).streams[0].average_bytes_per_second, 16'000u);
  EXPECT_LE(changes(made.before, made.after).size(), 4u);
}

TEST(HeaderFixup, CorrectsTheObjectCountAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::object_count);
  EXPECT_EQ(changes(made.before, made.after), std::vector<std::size_t>{24});
  EXPECT_EQ(load_le<std::uint32_t>(made.after, 24), count_objects(made.after));
}

TEST(HeaderFixup, AddsOneObjectForTheBitratesAndTouchesNothingElse) {
  const Repair made(&HeaderFixup::stream_bitrates);
  const std::size_t end = made.before.size() - kDataObjectHeadSize;
  EXPECT_EQ(made.after.size(), made.before.size() + 26 + 12);
  EXPECT_EQ(load_le<std::uint32_t>(made.after, 24), 2u);  // one more than was declared
  for (const std::size_t at : changes(Bytes(made.before).first(end), Bytes(made.after).first(end)))
    EXPECT_TRUE((at >= 16 && at < 28)) << at;
  EXPECT_TRUE(std::ranges::equal(Bytes(made.before).last(kDataObjectHeadSize),
                                 Bytes(made.after).last(kDataObjectHeadSize)));
}

TEST(HeaderFixup, ReplacesAFileIdThatIsConstantOrEndsInZero) {
  Guid constant;
  constant.fill(std::byte{0x41});
  Guid zero_at_end = test::kFileId;
  zero_at_end[15] = std::byte{0};
  for (const Guid& id : {constant, zero_at_end}) {
    const auto fixed = repair(everything(), test::make_header({.file_id = id, .data_file_id = id}));
    EXPECT_EQ(parse(fixed).file_id, kFresh);
  }
}

TEST(HeaderFixup, KeepsAGoodFileIdAndMakesTheDataObjectsEqual) {
  const auto fixed = repair(everything(), test::make_header({.data_file_id = {}}));
  EXPECT_EQ(parse(fixed).file_id, test::kFileId);
  EXPECT_EQ(guid_at(Bytes(fixed).last(26)), test::kFileId);
}

TEST(HeaderFixup, NeverWritesAFileIdThatEndsInZero) {
  HeaderFixup fixup = everything();
  fixup.fresh_id[15] = std::byte{0};
  const auto fixed = repair(fixup, test::make_header({.file_id = {}, .data_file_id = {}}));
  EXPECT_NE(parse(fixed).file_id[15], std::byte{0});
}

TEST(HeaderFixup, AsksForAFileIdWhenItNeedsOne) {
  std::vector<std::byte> fixed;
  EXPECT_EQ(HeaderFixup{}.apply(test::make_header({.file_id = {}}), fixed).result,
            Result::E_INVALIDARG);
  EXPECT_FALSE(HeaderFixup{}.apply(test::make_header({}), fixed));
}

struct BitrateCase {
  const char* name;
  HeaderSpec spec;
  std::uint32_t configured;
  std::map<int, std::uint32_t> expected;
};

class StreamBitrates : public testing::TestWithParam<BitrateCase> {};

TEST_P(StreamBitrates, AreRight) {
  const BitrateCase& c = GetParam();
  HeaderFixup fixup = everything();
  fixup.configured_bitrate = c.configured;
  const auto bytes = test::make_header(c.spec);
  const auto fixed = repair(fixup, bytes);
  EXPECT_EQ(bitrates(fixed), c.expected);
  EXPECT_EQ(count_objects(fixed), load_le<std::uint32_t>(fixed, 24));
  std::uint32_t sum = 0;
  for (const auto& [number, rate] : c.expected) sum += rate;
  const std::uint32_t before = c.spec.max_bitrate;
  const bool known = before != 0 && before != 0xFFFFFFFF;
  EXPECT_EQ(parse(fixed).max_bitrate, c.configured != 0 ? c.configured
                                      : known           ? std::max(before, sum)
                                                        : sum);
  // A second pass finds nothing more to do.
  EXPECT_EQ(repair(fixup, fixed), fixed);
}

using S = StreamSpec;
INSTANTIATE_TEST_SUITE_P(
    All, StreamBitrates,
    testing::Values(
        BitrateCase{"OneAudio", {.streams = {S::audio(1, 8000)}}, 0, {{1, 64'000}}},
        BitrateCase{"OneVideoOfTheMaximum", {.streams = {S::video(1)}}, 0, {{1, 1'000'000}}},
        BitrateCase{"VideoGetsWhatAudioLeaves",
                    {.streams = {S::video(1), S::audio(2, 8000)}},
                    0,
                    {{1, 936'000}, {2, 64'000}}},
        BitrateCase{"TwoAudioOneVideo",
                    {.streams = {S::audio(1, 8000), S::audio(2, 16'000), S::video(3)}},
                    0,
                    {{1, 64'000}, {2, 128'000}, {3, 808'000}}},
        BitrateCase{"TwoVideoTwoAudioShare",
                    {.streams = {S::video(1), S::audio(2, 8000), S::video(3), S::audio(4, 8000)}},
                    0,
                    {{1, 436'000}, {2, 64'000}, {3, 436'000}, {4, 64'000}}},
        BitrateCase{"ConfiguredWhereTheMaximumIsUnknown",
                    {.max_bitrate = 0xFFFFFFFF, .streams = {S::video(1), S::audio(2, 8000)}},
                    500'000,
                    {{1, 436'000}, {2, 64'000}}},
        BitrateCase{"ConfiguredWhereTheMaximumIsTooSmall",
                    {.max_bitrate = 64'000, .streams = {S::video(1), S::audio(2, 8000)}},
                    500'000,
                    {{1, 436'000}, {2, 64'000}}},
        BitrateCase{"ConfiguredWinsOverWhatIsThere",
                    {.streams = {S::video(1), S::audio(2, 8000)},
                     .bitrates = {{{1, 192'000}, {2, 64'000}}}},
                    500'000,
                    {{1, 436'000}, {2, 64'000}}},
        BitrateCase{"ConfiguredBelowTheSoundIsSharedByAll",
                    {.streams = {S::video(1), S::audio(2, 8000)},
                     .bitrates = {{{1, 192'000}, {2, 64'000}}}},
                    32'000,
                    {{1, 23'956}, {2, 8044}}},
        BitrateCase{"TheMaximumIsNotBelowTheStreams",
                    {.max_bitrate = 64'000,
                     .streams = {S::video(1), S::audio(2, 8000)},
                     .bitrates = {{{1, 192'000}, {2, 64'000}}}},
                    0,
                    {{1, 192'000}, {2, 64'000}}},
        BitrateCase{"OneBitASecondIsNoRate",
                    {.max_bitrate = 1,
                     .streams = {S::video(1), S::audio(2, 8000)},
                     .bitrates = {{{1, 1}, {2, 1}}}},
                    0,
                    {{1, 192'000}, {2, 64'000}}},
        BitrateCase{"MeasuredWhereNothingElseIsKnown",
                    // 100 kB in 2 s beside 3.1 s of preroll.
                    {.file_size = 100'000,
                     .play_duration = 51'000'000,
                     .flags = 2,
                     .max_bitrate = 0,
                     .streams = {S::video(1), S::audio(2, 8000)}},
                    0,
                    {{1, 336'000}, {2, 64'000}}},
        BitrateCase{"ABroadcastIsNotMeasured",
                    {.file_size = 100'000,
                     .play_duration = 51'000'000,
                     .flags = 1,
                     .max_bitrate = 0,
                     .streams = {S::video(1), S::audio(2, 8000)}},
                    0,
                    {{1, 192'000}, {2, 64'000}}},
        BitrateCase{"AudioOfUnknownRate",
                    {.streams = {S::audio(1, 0), S::video(2)}},
                    0,
                    {{1, 128'000}, {2, 872'000}}},
        BitrateCase{"AudioAloneOfUnknownRateIsTheWhole",
                    {.max_bitrate = 96'000, .streams = {S::audio(1, 0)}},
                    0,
                    {{1, 96'000}}},
        BitrateCase{
            "UncompressedAudioIsExact",
            {.streams = {S{
                 .number = 1, .format_tag = 1, .average_bytes_per_second = 0, .block_align = 4}}},
            0,
            {{1, 44'100 * 32}}},
        BitrateCase{
            "RecordsThatAreThereStay",
            {.streams = {S::video(1), S::audio(2, 8000)}, .bitrates = {{{1, 777}, {2, 888}}}},
            0,
            {{1, 777}, {2, 888}}},
        BitrateCase{"MissingRecordsAreAdded",
                    {.streams = {S::video(1), S::audio(2, 8000), S::video(3)},
                     .bitrates = {{{1, 300'000}}}},
                    0,
                    {{1, 300'000}, {2, 64'000}, {3, 636'000}}},
        BitrateCase{"RecordsOfZeroAreFilledIn",
                    {.streams = {S::video(1), S::audio(2, 8000)}, .bitrates = {{{1, 0}, {2, 0}}}},
                    0,
                    {{1, 936'000}, {2, 64'000}}},
        BitrateCase{"ExtendedStreamPropertiesAreBelieved",
                    {.streams = {S::video(1), S::audio(2, 8000)}, .extended = {{1, 250'000}}},
                    0,
                    {{1, 250'000}, {2, 64'000}}},
        BitrateCase{"OtherStreamsGetLittle",
                    {.streams = {S::video(1), S{.number = 2, .type = guid(9, 9, 9, 9, 9)}}},
                    0,
                    {{1, 1'000'000}, {2, 1000}}}),
    [](const auto& instance) { return instance.param.name; });

TEST(HeaderFixup, DoesNotMakeTheHeaderTooLarge) {
  HeaderSpec spec;
  spec.streams = {StreamSpec::audio(1)};
  const std::size_t base = test::make_header(spec).size();
  for (const std::size_t room : std::initializer_list<std::size_t>{31, 32}) {
    spec.filling = kMaxHeaderSize - room - base;
    const auto fixed = repair(everything(), test::make_header(spec));
    EXPECT_EQ(fixed.size(), room == 32 ? kMaxHeaderSize : kMaxHeaderSize - 31);
    EXPECT_EQ(bitrates(fixed).size(), room == 32 ? 1u : 0u);
    EXPECT_EQ(count_objects(fixed), load_le<std::uint32_t>(fixed, 24));
  }
}

// The parsers of others are the second opinion on what real headers of libavformat become.
struct StreamsCase {
  const char* name;
  const char* maps;
  std::string types;     // as ffprobe prints them
  std::string bitrates;  // as mediainfo prints them, video before audio
};

class RealHeader : public testing::TestWithParam<StreamsCase> {
 protected:
  RealHeader() {
    const std::string& asf = test::clip(std::string(GetParam().maps) + " -f asf");
    const auto size = load_le<std::uint64_t>(as_bytes(asf), 16) + kDataObjectHeadSize;
    fixed_ = repair(everything(), as_bytes(asf).first(size));
    file_ = directory_.path() / "fixed.asf";
    std::ofstream(file_, std::ios::binary) << as_text(fixed_) << asf.substr(size);
  }

  std::string output_of(const std::string& command) {
    const auto answer = directory_.path() / "answer";
    EXPECT_EQ(std::system(
                  (command + " '" + file_.string() + "' > '" + answer.string() + "' 2>&1").c_str()),
              0);
    return test::read_file(answer);
  }

  test::TemporaryDirectory directory_;
  std::filesystem::path file_;
  std::vector<std::byte> fixed_;
};

TEST_P(RealHeader, IsReadByFfprobeOnceFixed) {
  EXPECT_EQ(output_of("ffprobe -v error -of csv=p=0 -show_entries stream=codec_type"),
            GetParam().types);
  const Header header = parse(fixed_);
  const auto rates = bitrates(fixed_);
  EXPECT_EQ(rates.size(), header.streams.size());
  std::uint32_t sum = 0;
  for (const auto& [number, rate] : rates) sum += rate;
  EXPECT_EQ(sum, header.max_bitrate);
}

// ffprobe passes over the Stream Bitrate Properties Object, mediainfo reads it.
TEST_P(RealHeader, HasTheBitratesThatMediainfoReads) {
  if (std::system("mediainfo --Version > /dev/null 2>&1") != 0)
    GTEST_SKIP() << "mediainfo is not installed";
  EXPECT_EQ(output_of("mediainfo --Inform='Video;V%BitRate% '") +
                output_of("mediainfo --Inform='Audio;A%BitRate% '"),
            GetParam().bitrates);
}

INSTANTIATE_TEST_SUITE_P(
    All, RealHeader,
    testing::Values(StreamsCase{"OneAudio", "-map 1:a", "audio\n", "\nA64000 \n"},
                    StreamsCase{"OneVideo", "-map 0:v", "video\n", "V200000 \n\n"},
                    StreamsCase{"OneAudioOneVideo", "-map 0:v -map 1:a", "video\naudio\n",
                                "V200000 \nA64000 \n"},
                    StreamsCase{"TwoAudioOneVideo", "-map 1:a -map 0:v -map 1:a",
                                "audio\nvideo\naudio\n", "V200000 \nA64000 A64000 \n"},
                    StreamsCase{"TwoVideoTwoAudio", "-map 0:v -map 0:v -map 1:a -map 1:a",
                                "video\nvideo\naudio\naudio\n",
                                "V200000 V200000 \nA64000 A64000 \n"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace wmpush::asf
