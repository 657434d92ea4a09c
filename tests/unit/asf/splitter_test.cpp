#include "asf/splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "asf/data_packet.hpp"
#include "support/allocation_counter.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"

namespace wmpush::asf {

/// How a failing test shows a unit.
void PrintTo(Splitter::Kind kind, std::ostream* out) {
  constexpr const char* kNames[] = {"None", "Header", "Packet", "End"};
  *out << kNames[static_cast<int>(kind)];
}

namespace {

using test::end_chunk;
using test::make_chunk;
using test::make_header;
using test::make_index;
using test::plain_packet;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Kind = Splitter::Kind;
using Units = std::vector<std::pair<Kind, std::string>>;

struct Split {
  Units units;
  Error error;     // of next()
  Error finished;  // of finish()
  bool ended = false;

  std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const auto& [kind, bytes] : units) kinds.push_back(kind);
    return kinds;
  }
};

/// Splits `asf`, handed over in pieces whose sizes `piece` says.
template <typename Piece>
Split split_by(Bytes asf, Piece piece, Splitter splitter = {}) {
  Split split;
  while (!asf.empty() && !split.error) {
    const std::size_t size = std::min<std::size_t>(piece(), asf.size());
    // A buffer of exactly that size, so that a sanitizer sees every byte read beyond it.
    const std::vector<std::byte> copy(asf.begin(), asf.begin() + static_cast<std::ptrdiff_t>(size));
    asf = asf.subspan(size);
    Bytes input = copy;
    Splitter::Unit unit;
    do {
      split.error = splitter.next(input, unit);
      if (!split.error && unit.kind != Kind::None)
        split.units.emplace_back(unit.kind, as_text(unit.bytes));
    } while (!split.error && unit.kind != Kind::None);
    if (!split.error) {
      EXPECT_TRUE(input.empty());
    }
  }
  split.finished = splitter.finish();
  split.ended = splitter.ended();
  return split;
}

Split split_whole(Bytes asf) {
  return split_by(asf, [&] { return asf.size(); });
}

Split split_bytewise(Bytes asf) {
  return split_by(asf, [] { return 1; });
}

/// Both ways, which must agree.
Split split(Bytes asf) {
  Split whole = split_whole(asf);
  const Split bytewise = split_bytewise(asf);
  EXPECT_EQ(whole.units, bytewise.units);
  EXPECT_EQ(whole.error.message, bytewise.error.message);
  EXPECT_EQ(whole.finished.message, bytewise.finished.message);
  EXPECT_EQ(whole.ended, bytewise.ended);
  return whole;
}

std::vector<std::byte> concat(std::initializer_list<Bytes> parts) {
  std::vector<std::byte> all;
  for (const Bytes part : parts) append(all, part);
  return all;
}

/// An ID3v2.4 tag with this much behind its head of ten bytes, which `size` counts.
std::vector<std::byte> tag(std::uint32_t size, bool footer = false) {
  ByteWriter tag;
  tag.bytes(as_bytes("ID3"));
  tag.u16(4);
  tag.u8(footer ? 0x10 : 0);
  for (int shift = 21; shift >= 0; shift -= 7)
    tag.u8(static_cast<std::uint8_t>(size >> shift & 0x7F));
  tag.zeros(size + (footer ? 10 : 0));
  return {tag.view().begin(), tag.view().end()};
}

TEST(Splitter, SkipsATagBeforeTheHeader) {
  for (const char* layout : {"-f asf", "-f asf_stream"}) {
    const Bytes asf = as_bytes(test::clip(layout));
    const Split plain = split_whole(asf);
    for (const auto& front : {tag(0), tag(1), tag(300), tag(100'000), tag(20, true)}) {
      const Split tagged = split(concat({front, asf}));
      EXPECT_FALSE(tagged.error) << tagged.error.message;
      EXPECT_EQ(tagged.units, plain.units);
      EXPECT_TRUE(tagged.ended);
    }
  }
}

TEST(Splitter, RefusesATagWithoutAsfBehindIt) {
  EXPECT_THAT(split(concat({tag(30), as_bytes("\xFF\xFB\x90 and so on, and on")})).error.message,
              HasSubstr("MP3"));
  EXPECT_THAT(split(concat({tag(30), tag(30)})).error.message, HasSubstr("ID3 tag"));
  const auto whole = tag(30);
  EXPECT_THAT(split(Bytes(whole).first(20)).finished.message, HasSubstr("inside the ID3 tag"));
}

class RealAsf : public testing::TestWithParam<const char*> {};

TEST_P(RealAsf, GivesTheSamePacketsHoweverTheInputIsCut) {
  const Bytes asf = as_bytes(test::clip(GetParam()));
  const Split whole = split_whole(asf);
  ASSERT_FALSE(whole.error) << whole.error.message;
  EXPECT_FALSE(whole.finished) << whole.finished.message;
  EXPECT_TRUE(whole.ended);
  ASSERT_GT(whole.units.size(), 3u);
  EXPECT_EQ(whole.units.front().first, Kind::Header);
  EXPECT_EQ(whole.units.back().first, Kind::End);
  for (std::size_t i = 1; i + 1 < whole.units.size(); ++i) {
    EXPECT_EQ(whole.units[i].first, Kind::Packet);
    EXPECT_FALSE(strip_padding(as_bytes(whole.units[i].second)).malformed);
  }
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 2, 3, 7, 12, 13, 4096})
    EXPECT_EQ(split_by(asf, [&] { return size; }).units, whole.units) << size;
  std::mt19937 random(7);
  for (const std::size_t largest : std::initializer_list<std::size_t>{5, 50, 500, 5000, 50000}) {
    std::uniform_int_distribution<std::size_t> sizes(1, largest);
    EXPECT_EQ(split_by(asf, [&] { return sizes(random); }).units, whole.units) << largest;
  }
}

INSTANTIATE_TEST_SUITE_P(Splitter, RealAsf,
                         testing::Values("-f asf", "-f asf_stream", "-packet_size 400 -f asf",
                                         "-packet_size 400 -f asf_stream",
                                         "-packet_size 65535 -f asf", "-map 1:a -f asf",
                                         "-map 0:v -f asf_stream"),
                         test::name_of_clip);

TEST(Splitter, GivesTheSamePacketsForBothLayouts) {
  Split file = split_whole(as_bytes(test::clip("-f asf")));
  Split chunked = split_whole(as_bytes(test::clip("-f asf_stream")));
  ASSERT_FALSE(file.units.empty());
  ASSERT_FALSE(chunked.units.empty());
  // The headers differ in what the muxer knew; the packets do not.
  file.units.erase(file.units.begin());
  chunked.units.erase(chunked.units.begin());
  EXPECT_EQ(file.units, chunked.units);
}

TEST(Splitter, GivesThePacketsOfASeekableFile) {
  const test::TemporaryDirectory directory;
  const auto file = directory.path() / "clip.asf";
  const std::string command =
      "ffmpeg -v error -f lavfi -i testsrc2=size=160x120:rate=15:duration=2 -c:v wmv2 -b:v 200k "
      "-bitexact -f asf '" +
      file.string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  const std::string asf = test::read_file(file);
  Header header;
  ASSERT_FALSE(parse_header(
      as_bytes(asf).first(load_le<std::uint64_t>(as_bytes(asf), 16) + kDataObjectHeadSize),
      header));
  EXPECT_FALSE(header.broadcast());
  const Split result = split_by(as_bytes(asf), [] { return 1000; });
  EXPECT_FALSE(result.error);
  EXPECT_FALSE(result.finished);
  EXPECT_TRUE(result.ended);
  EXPECT_EQ(result.units.size(), header.packet_count + 2);
}

TEST(Splitter, DoesNotCopyAPacketThatLiesWholeInTheInput) {
  const auto header = make_header({});
  const auto packets = concat({plain_packet(), plain_packet(200, 1)});
  for (const bool chunked : {false, true}) {
    const auto asf =
        chunked ? concat({make_chunk('H', 0, header), make_chunk('D', 1, Bytes(packets).first(200)),
                          make_chunk('D', 2, Bytes(packets).last(200))})
                : concat({header, packets});
    Splitter splitter;
    Splitter::Unit unit;
    Bytes input = asf;
    ASSERT_FALSE(splitter.next(input, unit));
    for (int i = 0; i < 2; ++i) {
      ASSERT_FALSE(splitter.next(input, unit));
      ASSERT_EQ(unit.kind, Kind::Packet);
      EXPECT_GE(unit.bytes.data(), asf.data());
      EXPECT_LE(unit.bytes.data() + unit.bytes.size(), asf.data() + asf.size());
    }
  }
}

TEST(Splitter, TakesNoMemoryPerPacket) {
  for (const char* arguments : {"-f asf", "-f asf_stream"})
    for (const std::size_t piece : std::initializer_list<std::size_t>{1, 100, 3000, 100'000}) {
      const Bytes asf = as_bytes(test::clip(arguments));
      Splitter splitter;
      Splitter::Unit unit;
      Bytes rest = asf;
      std::size_t packets = 0;
      std::size_t before = 0;
      while (!rest.empty()) {
        Bytes input = rest.first(std::min(piece, rest.size()));
        rest = rest.subspan(input.size());
        do {
          ASSERT_FALSE(splitter.next(input, unit));
          if (unit.kind != Kind::Packet) continue;
          ASSERT_FALSE(strip_padding(unit.bytes).malformed);
          if (++packets == 1) before = test::allocations();
        } while (unit.kind != Kind::None);
      }
      EXPECT_GT(packets, 10u);
      EXPECT_EQ(test::allocations(), before) << arguments << " in pieces of " << piece;
    }
}

TEST(Splitter, NeverHoldsACompletePacketBack) {
  // The first bytes of this packet could begin an end chunk, an index, or a header.
  const auto header = make_header({.packet_size = 20});
  std::vector<std::byte> starts[] = {end_chunk(), make_index(24), header};
  for (auto& start : starts) {
    for (std::size_t same = 1; same <= 11; ++same) {
      std::vector<std::byte> packet(start.begin(),
                                    start.begin() + static_cast<std::ptrdiff_t>(same));
      packet.resize(20, std::byte{0x77});
      const Split result = split(concat({header, packet}));
      EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet)) << same;
      EXPECT_FALSE(result.ended);
    }
  }
}

TEST(Splitter, DropsIndexesAndEndChunkBehindThePackets) {
  const auto asf =
      concat({make_header({}), plain_packet(), make_index(100'000), make_index(30, kIndex),
              make_index(24, kMediaObjectIndex), make_index(48, kTimecodeIndex), end_chunk()});
  const Split result = split(asf);
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::End));
  EXPECT_FALSE(result.finished);
  EXPECT_TRUE(result.ended);
}

TEST(Splitter, EndsWithTheEndChunkAlone) {
  const Split result = split(concat({make_header({}), plain_packet(), end_chunk()}));
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::End));
  EXPECT_TRUE(result.ended);
}

TEST(Splitter, HasNotEndedBeforeAnEndWasSeen) {
  const Split result = split(concat({make_header({}), plain_packet()}));
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet));
  EXPECT_FALSE(result.finished);
  EXPECT_FALSE(result.ended);
}

TEST(Splitter, DropsWhatFollowsAnIndexWithoutSendingIt) {
  const auto junk = std::vector<std::byte>(5000, std::byte{0x33});
  const Split result = split(concat({make_header({}), plain_packet(), make_index(50), junk}));
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::End));
  EXPECT_FALSE(result.error);
}

TEST(Splitter, BelievesTheDataObjectsSizeWhenItIsNoBroadcast) {
  const auto header = make_header({.flags = 2, .data_size = 50 + 2 * 200, .packet_count = 2});
  const auto junk = std::vector<std::byte>(500, std::byte{0x82});
  const Split result = split(concat({header, plain_packet(), plain_packet(), junk}));
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::Packet, Kind::End));
  EXPECT_TRUE(result.ended);
}

TEST(Splitter, DoesNotBelieveASizeOfABroadcastOrOneThatIsContradicted) {
  for (const auto& spec :
       {test::HeaderSpec{.flags = 1, .data_size = 50 + 200, .packet_count = 1},
        test::HeaderSpec{.flags = 2, .data_size = 50 + 200, .packet_count = 7},
        test::HeaderSpec{.flags = 2, .data_size = 50 + 201, .packet_count = 1},
        test::HeaderSpec{.flags = 2, .data_size = 50}, test::HeaderSpec{.flags = 2, .data_size = 0},
        test::HeaderSpec{.flags = 2, .data_size = ~std::uint64_t{0}}}) {
    const Split result =
        split(concat({make_header(spec), plain_packet(), plain_packet(), make_index(24)}));
    EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::Packet, Kind::End));
  }
}

TEST(Splitter, SaysHowManyDeclaredPacketsAreMissing) {
  const auto header = make_header({.flags = 2, .data_size = 50 + 3 * 200, .packet_count = 3});
  const Split result = split(concat({header, plain_packet()}));
  EXPECT_EQ(result.finished.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(result.finished.message, HasSubstr("2 data packets"));
}

TEST(Splitter, StartsTheNextEntryAtAHeader) {
  const auto first = make_header({});
  const auto second = make_header({.packet_size = 300});
  const auto file = concat({first, plain_packet(), second, plain_packet(300), make_index(24)});
  const auto with_index =
      concat({first, plain_packet(), make_index(77), second, plain_packet(300), end_chunk()});
  const auto chunked =
      concat({make_chunk('H', 0, first), make_chunk('D', 1, plain_packet()), end_chunk(2),
              make_chunk('H', 0, second), make_chunk('D', 1, plain_packet(300)), end_chunk(2)});
  const auto chunked_without_end =
      concat({make_chunk('H', 0, first), make_chunk('D', 1, plain_packet()),
              make_chunk('H', 0, second), make_chunk('D', 1, plain_packet(300)), end_chunk(2)});
  const auto chunked_behind_a_file =
      concat({first, plain_packet(), make_index(77), end_chunk(), make_chunk('H', 0, second),
              make_chunk('D', 1, plain_packet(300)), end_chunk(2)});
  const auto file_behind_chunks =
      concat({make_chunk('H', 0, first), make_chunk('D', 1, plain_packet()), end_chunk(2), second,
              plain_packet(300), end_chunk()});
  for (const auto& asf : {file, with_index, chunked, chunked_without_end, chunked_behind_a_file,
                          file_behind_chunks}) {
    const Split result = split(asf);
    EXPECT_FALSE(result.error) << result.error.message;
    ASSERT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::End, Kind::Header,
                                            Kind::Packet, Kind::End));
    EXPECT_EQ(result.units[3].second, as_text(second));
    EXPECT_EQ(result.units[4].second.size(), 300u);
    EXPECT_TRUE(result.ended);
  }
}

TEST(Splitter, HasNotEndedWithinTheNextEntrysHeader) {
  const auto header = make_header({});
  const Split result =
      split(concat({header, plain_packet(), make_index(24), Bytes(header).first(60)}));
  EXPECT_EQ(result.finished.result, Result::NS_E_INVALID_DATA);
  EXPECT_FALSE(result.ended);
}

TEST(Splitter, SaysHowMuchIsMissing) {
  const auto header = make_header({});
  const auto packet = plain_packet();
  const auto whole = std::to_string(header.size());
  for (const auto& [asf, text] : std::vector<std::pair<std::vector<std::byte>, std::string>>{
           {concat({Bytes(header).first(100)}), "100 of " + whole + " bytes"},
           {concat({Bytes(header).first(20)}), "20 bytes"},
           {concat({header, Bytes(packet).first(150)}), "150 of 200 bytes"},
           {concat({make_chunk('H', 0, header), Bytes(make_chunk('D', 1, packet)).first(162)}),
            "150 of 200 bytes"},
           {concat({Bytes(make_chunk('H', 0, header)).first(112)}), "100 of " + whole + " bytes"},
           {concat({make_chunk('H', 0, header), Bytes(make_chunk('D', 1, packet)).first(5)}),
            "chunk head"}}) {
    const Split result = split(asf);
    EXPECT_FALSE(result.error) << result.error.message;
    EXPECT_EQ(result.finished.result, Result::NS_E_INVALID_DATA);
    EXPECT_THAT(result.finished.message, HasSubstr(text));
  }
}

TEST(Splitter, OfNothingIsTruncated) {
  EXPECT_EQ(Splitter().finish().result, Result::NS_E_INVALID_DATA);
  EXPECT_FALSE(Splitter().ended());
  EXPECT_EQ(Splitter().packet_size(), 0u);
}

TEST(Splitter, NamesWhatIsNotAsf) {
  using namespace std::string_view_literals;
  for (const auto& [input, name] : std::vector<std::pair<std::string_view, const char*>>{
           {"\0\0\0\x20"
            "ftypisom\0\0\2\0isom"sv,
            "MP4"},
           {"\x1A\x45\xDF\xA3\x01\0\0\0\0\0\0\x1F\x42\x86\x81\x01"sv, "Matroska"},
           {"FLV\x01\x05\0\0\0\x09\0\0\0\0\x12\0\0"sv, "FLV"},
           {"RIFF\x24\0\0\0WAVEfmt "sv, "RIFF"},
           {"<!DOCTYPE html><html>"sv, "HTML"},
           {"OggS\0\2\0\0\0\0\0\0\0\0\0\0"sv, "Ogg"},
           {"0&abcdefghijklmnopqrstuvw"sv, "unknown"},
           {"hello"sv, "unknown"}}) {
    const Split result = split(as_bytes(input));
    const Error& error = result.error ? result.error : result.finished;
    EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
    EXPECT_THAT(error.message, HasSubstr(name));
    EXPECT_THAT(error.message, HasSubstr("-f asf"));
    EXPECT_THAT(error.message, Not(HasSubstr("\n")));
  }
}

TEST(Splitter, KeepsFailing) {
  Splitter splitter;
  Splitter::Unit unit;
  Bytes input = as_bytes("this is no ASF at all, but text");
  EXPECT_TRUE(splitter.next(input, unit));
  const auto asf = make_header({});
  input = asf;
  EXPECT_TRUE(splitter.next(input, unit));
  EXPECT_EQ(unit.kind, Kind::None);
  EXPECT_TRUE(splitter.finish());
  EXPECT_FALSE(splitter.ended());
}

TEST(Splitter, ExplainsAHeaderWhoseSizeWasNeverFilledIn) {
  auto header = make_header({});
  store_le(header, 16, ~std::uint64_t{0});
  const Split ends_early = split(header);
  const Split in_a_chunk = split(make_chunk('H', 0, header));
  header.resize(kMaxHeaderSize + 1);
  const Split goes_on = split(header);
  for (const Error& error : {ends_early.finished, in_a_chunk.finished, goes_on.error}) {
    EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
    EXPECT_THAT(error.message, HasSubstr("buffer"));
  }
}

TEST(Splitter, TakesTheLargestHeaderAndRefusesALargerOneByItsSize) {
  test::HeaderSpec spec;
  const std::size_t base = make_header(spec).size();
  spec.filling = kMaxHeaderSize - base;
  const auto largest = make_header(spec);
  ASSERT_EQ(largest.size(), 65531u);
  EXPECT_THAT(split(concat({largest, plain_packet()})).kinds(),
              ElementsAre(Kind::Header, Kind::Packet));
  // In a chunk, the 16-bit length of this header has wrapped around already.
  EXPECT_THAT(split(make_chunk('H', 0, largest)).kinds(), ElementsAre(Kind::Header));
  for (const std::size_t more : std::initializer_list<std::size_t>{1, 5000, 70'000}) {
    spec.filling = kMaxHeaderSize - base + more;
    const auto header = make_header(spec);
    for (const auto& asf : {header, make_chunk('H', 0, header)}) {
      const Split result = split(asf);
      EXPECT_EQ(result.error.result, Result::NS_E_INVALID_DATA);
      EXPECT_THAT(result.error.message, HasSubstr(std::to_string(header.size())));
    }
  }
}

TEST(Splitter, RefusesAPacketSizeThatCannotBePushed) {
  const Split result = split(make_header({.packet_size = 65536}));
  EXPECT_EQ(result.error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(result.error.message, HasSubstr("65536"));
  EXPECT_THAT(result.error.message, HasSubstr("-packet_size"));
}

TEST(Splitter, GivesShortChunksAsTheyAreAndNoEmptyOnes) {
  const auto packet = plain_packet();
  const auto asf = concat({make_chunk('H', 0, make_header({})), make_chunk('D', 1, {}),
                           make_chunk('D', 2, Bytes(packet).first(100)), make_chunk('D', 3, packet),
                           end_chunk(4)});
  const Split result = split(asf);
  ASSERT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::Packet, Kind::End));
  EXPECT_EQ(result.units[1].second.size(), 100u);
  EXPECT_EQ(result.units[2].second.size(), 200u);
}

TEST(Splitter, RefusesChunksThatAreNone) {
  const auto header = make_chunk('H', 0, make_header({}));
  auto lengths = make_chunk('D', 1, plain_packet());
  lengths[10] = std::byte{9};
  auto shorter_than_its_head = make_chunk('D', 1, {});
  store_le<std::uint16_t>(shorter_than_its_head, 2, 7);
  store_le<std::uint16_t>(shorter_than_its_head, 10, 7);
  auto other_size = header;
  store_le<std::uint16_t>(other_size, 2, 99);
  store_le<std::uint16_t>(other_size, 10, 99);
  for (const auto& asf : {concat({header, lengths}), concat({header, shorter_than_its_head}),
                          concat({header, make_chunk('X', 1, plain_packet())}),
                          concat({header, make_chunk('D', 1, plain_packet(201))}),
                          concat({header, std::vector<std::byte>(12, std::byte{0})}), other_size,
                          make_chunk('H', 0, plain_packet())}) {
    const Split result = split(asf);
    EXPECT_EQ(result.error.result, Result::NS_E_INVALID_DATA);
    EXPECT_THAT(result.error.message, HasSubstr("asf_stream"));
  }
}

TEST(Splitter, TakesACaptureOfWhatAPlayerIsSent) {
  const auto reason = [](char type, std::uint32_t value) {
    ByteWriter chunk;
    chunk.u8('$');
    chunk.u8(static_cast<std::uint8_t>(type));
    chunk.u16(4);
    chunk.u32(value);
    return chunk.take();
  };
  const auto metadata = test::make_chunk('M', 0, plain_packet(60));
  const auto header = test::make_chunk('H', 0, test::make_header({}));
  const auto packet = test::make_chunk('D', 1, plain_packet());
  const auto once = concat({header, packet, packet, reason('E', 0)});
  EXPECT_THAT(split(once).kinds(),
              ElementsAre(Kind::Header, Kind::Packet, Kind::Packet, Kind::End));
  EXPECT_FALSE(split(once).finished);
  EXPECT_THAT(split(concat({metadata, header, packet, reason('E', 0), reason('E', 0)})).kinds(),
              ElementsAre(Kind::Header, Kind::Packet, Kind::End));
  for (const auto& change :
       {concat({reason('E', 1), reason('C', 0)}), concat({reason('C', 0), metadata}),
        concat({reason('E', 1)}), concat({metadata})})
    EXPECT_THAT(
        split(concat({header, packet, change, header, packet, reason('E', 0)})).kinds(),
        ElementsAre(Kind::Header, Kind::Packet, Kind::End, Kind::Header, Kind::Packet, Kind::End));
}

TEST(Splitter, DropsWhatFollowsTheEndChunkOfTheChunkedLayout) {
  const auto junk = std::vector<std::byte>(300, std::byte{0x24});
  const Split result = split(concat({make_chunk('H', 0, make_header({})),
                                     make_chunk('D', 1, plain_packet()), end_chunk(2), junk}));
  EXPECT_FALSE(result.error) << result.error.message;
  EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::End));
  EXPECT_TRUE(result.ended);
}

TEST(Splitter, TakesPacketsOfAnySize) {
  for (const std::size_t size :
       std::initializer_list<std::size_t>{1, 11, 12, 13, 15, 16, 17, 24, 65535}) {
    test::HeaderSpec spec;
    spec.packet_size = static_cast<std::uint32_t>(size);
    const std::vector<std::byte> packets(3 * size, std::byte{0x82});
    const Split result = split(concat({make_header(spec), packets}));
    EXPECT_THAT(result.kinds(), ElementsAre(Kind::Header, Kind::Packet, Kind::Packet, Kind::Packet))
        << size;
  }
}

}  // namespace
}  // namespace wmpush::asf
