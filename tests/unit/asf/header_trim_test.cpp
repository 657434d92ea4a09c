#include "asf/header_trim.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "asf/header.hpp"
#include "support/asf_builder.hpp"
#include "support/clip.hpp"
#include "support/temporary_directory.hpp"

namespace wmpush::asf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Guid kPadding = guid(0x1806D474, 0xCADF, 0x4509, 0xA4BA, 0x9AABCB96AAE8);
constexpr Guid kContentDescription = guid(0x75B22633, 0x668E, 0x11CF, 0xA6D9, 0x00AA0062CE6C);
constexpr Guid kExtendedContent = guid(0xD2D0A440, 0xE307, 0x11D2, 0x97F0, 0x00A0C95EA850);
constexpr Guid kMetadata = guid(0xC5F8CBEA, 0x5BAF, 0x4877, 0x8467, 0xAA8C44FA4CCA);
constexpr Guid kMetadataLibrary = guid(0x44231C94, 0x9498, 0x49D1, 0xA141, 0x1D134E457054);
constexpr Guid kMarker = guid(0xF487CD01, 0xA951, 0x11CF, 0x8EE6, 0x00C00C205365);
constexpr Guid kScriptCommand = guid(0x1EFB1A30, 0x0B62, 0x11D0, 0xA39B, 0x00A0C90348F6);
constexpr Guid kContentBranding = guid(0x2211B3FA, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E);
constexpr Guid kDigitalSignature = guid(0x2211B3FC, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E);
constexpr Guid kCodecList = guid(0x86D15240, 0x311D, 0x11D0, 0xA3A4, 0x00A0C90348F6);
constexpr Guid kContentEncryption = guid(0x2211B3FB, 0xBD23, 0x11D2, 0xB4B7, 0x00A0C955FC6E);
constexpr Guid kUnknown = guid(1, 2, 3, 4, 5);

struct Attribute {
  std::string name;
  std::size_t size;
};

void add_text(ByteWriter& to, std::string_view text) {
  for (const char c : text) to.u16(static_cast<unsigned char>(c));
  to.u16(0);
}

ByteWriter extended_content(const std::vector<Attribute>& attributes) {
  ByteWriter data;
  data.u16(static_cast<std::uint16_t>(attributes.size()));
  for (const Attribute& each : attributes) {
    data.u16(static_cast<std::uint16_t>(2 * each.name.size() + 2));
    add_text(data, each.name);
    data.u16(1);  // bytes
    data.u16(static_cast<std::uint16_t>(each.size));
    data.zeros(each.size);
  }
  return data;
}

ByteWriter metadata(const std::vector<Attribute>& attributes) {
  ByteWriter data;
  data.u16(static_cast<std::uint16_t>(attributes.size()));
  for (const Attribute& each : attributes) {
    data.zeros(4);
    data.u16(static_cast<std::uint16_t>(2 * each.name.size() + 2));
    data.u16(1);
    data.u32(static_cast<std::uint32_t>(each.size));
    add_text(data, each.name);
    data.zeros(each.size);
  }
  return data;
}

std::vector<std::byte> object(const Guid& id, const ByteWriter& data) {
  ByteWriter object;
  test::detail::object(object, id, data);
  return object.take();
}

void grow(std::vector<std::byte>& header, std::size_t at, std::size_t by) {
  store_le(header, at + 16, load_le<std::uint64_t>(header, at + 16) + by);
}

/// Puts an object at the end of the Header Object, or of its Header Extension Object.
void add(std::vector<std::byte>& header, Bytes object, bool into_extension = false) {
  const std::size_t end = load_le<std::uint64_t>(header, 16);
  std::size_t place = end;
  if (into_extension) {
    std::size_t at = kHeaderObjectHeadSize;
    while (guid_at(Bytes(header).subspan(at)) != kHeaderExtension)
      at += load_le<std::uint64_t>(header, at + 16);
    place = at + load_le<std::uint64_t>(header, at + 16);
    grow(header, at, object.size());
    store_le(header, at + 42,
             load_le<std::uint32_t>(header, at + 42) + static_cast<std::uint32_t>(object.size()));
  } else {
    store_le(header, 24, load_le<std::uint32_t>(header, 24) + 1);
  }
  grow(header, 0, object.size());
  header.insert(header.begin() + static_cast<std::ptrdiff_t>(place), object.begin(), object.end());
}

std::vector<std::byte> plain_header() {
  test::HeaderSpec spec;
  spec.streams = {test::StreamSpec::video(1), test::StreamSpec::audio(2)};
  return test::make_header(spec);
}

std::vector<std::string> names(const std::vector<LeftOut>& left_out) {
  std::vector<std::string> names;
  for (const LeftOut& each : left_out) names.push_back(each.name);
  return names;
}

std::vector<std::string> trimmed(std::vector<std::byte>& header, std::size_t largest) {
  std::vector<LeftOut> left_out;
  EXPECT_FALSE(trim_header(header, largest, left_out));
  Header parsed;
  EXPECT_FALSE(parse_header(header, parsed)) << "it is still a header";
  EXPECT_EQ(parsed.object_count, parsed.declared_objects);
  EXPECT_EQ(parsed.streams.size(), 2u);
  EXPECT_EQ(header.size(), parsed.data_object + kDataObjectHeadSize);
  return names(left_out);
}

TEST(HeaderTrim, TakesPaddingOutWhereverItIsAndSaysNothingOfIt) {
  const std::vector<std::byte> plain = plain_header();
  for (const bool into_extension : {false, true}) {
    std::vector<std::byte> header = plain;
    ByteWriter zeros;
    zeros.zeros(70'000);
    add(header, object(kPadding, zeros), into_extension);
    EXPECT_THAT(trimmed(header, kMaxHeaderSize), IsEmpty());
    EXPECT_EQ(header, plain);
  }
}

TEST(HeaderTrim, LeavesAHeaderThatFitsAsItIs) {
  std::vector<std::byte> header = plain_header();
  add(header, object(kExtendedContent, extended_content({{"WM/Picture", 5000}, {"Title", 20}})));
  const std::vector<std::byte> before = header;
  EXPECT_THAT(trimmed(header, header.size()), IsEmpty());
  EXPECT_EQ(header, before);
}

TEST(HeaderTrim, LeavesPicturesOutFirst) {
  std::vector<std::byte> header = plain_header();
  const std::size_t plain = header.size();
  add(header, object(kExtendedContent,
                     extended_content({{"Title", 20}, {"WM/Picture", 300}, {"WM/Lyrics", 9000}})));
  add(header, object(kMetadataLibrary, metadata({{"WM/Picture", 100'000}, {"Other", 10}})), true);
  EXPECT_THAT(trimmed(header, 12'000), ElementsAre("WM/Picture"));
  EXPECT_GT(header.size(), plain + 9000);
  // The other one would not be enough, and all pictures go before anything else.
  EXPECT_THAT(trimmed(header, 2000), ElementsAre("WM/Picture", "WM/Lyrics"));
  EXPECT_LE(header.size(), 2000u);
}

TEST(HeaderTrim, LosesTheSmallestThatIsEnough) {
  std::vector<std::byte> header = plain_header();
  add(header, object(kExtendedContent, extended_content({{"A", 100}, {"B", 3000}, {"C", 700}})));
  const std::size_t size = header.size();
  EXPECT_THAT(trimmed(header, size - 500), ElementsAre("C"));
  EXPECT_THAT(trimmed(header, size - 700 - 2000), ElementsAre("B"));
}

TEST(HeaderTrim, TakesTheLargestFirstWhereNoneIsEnough) {
  std::vector<std::byte> header = plain_header();
  add(header, object(kExtendedContent, extended_content({{"A", 100}, {"B", 3000}, {"C", 700}})));
  ByteWriter zeros;
  zeros.zeros(1000);
  add(header, object(kUnknown, zeros));
  add(header, object(kContentBranding, zeros));
  const std::size_t size = header.size();
  EXPECT_THAT(trimmed(header, size - 3500),
              ElementsAre("B", testing::AnyOf("C", "an object that nobody here knows")));
}

TEST(HeaderTrim, NeverTakesWhatDefinesTheStreams) {
  std::vector<std::byte> header = plain_header();
  ByteWriter zeros;
  zeros.zeros(9000);
  add(header, object(kContentEncryption, zeros));
  const std::vector<std::byte> before = header;
  EXPECT_THAT(trimmed(header, 2000), IsEmpty());
  EXPECT_EQ(header, before);
}

TEST(HeaderTrim, TakesAnObjectWholeWhoseAttributesCannotBeRead) {
  std::vector<std::byte> header = plain_header();
  ByteWriter broken;
  broken.u16(3);
  broken.u16(60'000);
  broken.zeros(5000);
  add(header, object(kExtendedContent, broken));
  EXPECT_THAT(trimmed(header, 2000), ElementsAre("Extended Content Description Object"));
}

TEST(HeaderTrim, HasTimeForAVeryLargeNumberOfAttributes) {
  std::vector<std::byte> header = plain_header();
  for (int i = 0; i < 3; ++i)
    add(header,
        object(kMetadataLibrary, metadata(std::vector<Attribute>(60'000, Attribute{"A", 1}))),
        true);
  EXPECT_GT(header.size(), 3'000'000u);
  EXPECT_GT(trimmed(header, 8192).size(), 100'000u);
  EXPECT_LE(header.size(), 8192u);
}

TEST(HeaderTrim, NamesWhatIsMissingInOneLine) {
  std::vector<LeftOut> left_out{{"WM/Picture", 100'123}, {"Marker Object", 300}};
  EXPECT_EQ(text_of(left_out), "WM/Picture (100123 bytes), Marker Object (300 bytes)");
  left_out.assign(15, {"x", 1});
  EXPECT_THAT(text_of(left_out), HasSubstr("and 5 more"));
}

// What real headers become, by the parsers of others.

struct Filling {
  const char* name;
  Guid id;
  bool into_extension = false;
  bool stays = false;  ///< it defines the streams
  std::function<ByteWriter(std::size_t)> data;
};

ByteWriter zeros(std::size_t size) {
  ByteWriter data;
  data.zeros(size);
  return data;
}

/// Values of up to 60000 bytes that make up `size`.
std::vector<Attribute> attributes(const char* name, std::size_t size) {
  std::vector<Attribute> all;
  for (std::size_t left = size; left > 0; left -= all.back().size)
    all.push_back({name, std::min<std::size_t>(left, 60'000)});
  return all;
}

ByteWriter content_description(std::size_t size) {
  const std::size_t title = std::min<std::size_t>(size, 65'000) / 2 * 2;
  ByteWriter data;
  data.u16(static_cast<std::uint16_t>(title));
  for (int i = 0; i < 4; ++i) data.u16(0);
  for (std::size_t i = 0; i < title / 2; ++i) data.u16('t');
  return data;
}

ByteWriter markers(std::size_t size) {
  const std::size_t count = size / 40 + 1;
  ByteWriter data;
  data.bytes(guid(0x4CFEDB20, 0x75F6, 0x11CF, 0x9C0F, 0x00A0C90349CB));
  data.u32(static_cast<std::uint32_t>(count));
  data.u16(0);
  data.u16(0);
  for (std::size_t i = 0; i < count; ++i) {
    data.u64(0);
    data.u64(31'000'000 + i);
    data.u16(16);
    data.u32(0);
    data.u32(0);
    data.u32(2);
    data.u16('m');
    data.u16(0);
  }
  return data;
}

ByteWriter script_commands(std::size_t size) {
  const std::size_t count = std::min<std::size_t>(size / 8 + 1, 60'000);
  ByteWriter data;
  data.bytes(guid(0x4B1ACBE3, 0x100B, 0x11D0, 0xA39B, 0x00A0C90348F6));
  data.u16(static_cast<std::uint16_t>(count));
  data.u16(1);
  data.u16(1);
  data.u16('U');
  for (std::size_t i = 0; i < count; ++i) {
    data.u32(3100);
    data.u16(0);
    data.u16(0);
  }
  return data;
}

ByteWriter codec_list(std::size_t size) {
  ByteWriter data;
  data.bytes(guid(0x86D15241, 0x311D, 0x11D0, 0xA3A4, 0x00A0C90348F6));
  const std::size_t count = size / 1000 + 1;
  data.u32(static_cast<std::uint32_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    data.u16(2);
    data.u16(400);
    for (int each = 0; each < 400; ++each) data.u16('c');
    data.u16(0);
    data.u16(150);
    data.zeros(150);
  }
  return data;
}

const std::vector<Filling>& fillings() {
  static const std::vector<Filling> kFillings{
      {"Padding", kPadding, false, false, zeros},
      {"PaddingInTheExtension", kPadding, true, false, zeros},
      {"Picture", kExtendedContent, false, false,
       [](std::size_t size) { return extended_content(attributes("WM/Picture", size)); }},
      {"Lyrics", kExtendedContent, false, false,
       [](std::size_t size) { return extended_content(attributes("WM/Lyrics", size)); }},
      {"LargePicture", kMetadataLibrary, true, false,
       [](std::size_t size) {
         return metadata({{"WM/Picture", size}});
       }},
      {"Metadata", kMetadata, true, false,
       [](std::size_t size) { return metadata(attributes("Note", size)); }},
      {"ContentDescription", kContentDescription, false, false, content_description},
      {"Markers", kMarker, false, false, markers},
      {"ScriptCommands", kScriptCommand, false, false, script_commands},
      {"Branding", kContentBranding, false, false, zeros},
      {"Signature", kDigitalSignature, false, false, zeros},
      {"Unknown", kUnknown, false, false, zeros},
      {"UnknownInTheExtension", kUnknown, true, false, zeros},
      {"CodecList", kCodecList, false, true, codec_list},
      {"Encryption", kContentEncryption, false, true, zeros}};
  return kFillings;
}

class FilledHeader : public testing::TestWithParam<Filling> {};

INSTANTIATE_TEST_SUITE_P(Of, FilledHeader, testing::ValuesIn(fillings()),
                         [](const auto& filling) { return std::string(filling.param.name); });

void PrintTo(const Filling& filling, std::ostream* out) { *out << filling.name; }

std::string output_of(const std::string& command) {
  std::string output;
  FILE* const pipe = ::popen(command.c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

TEST_P(FilledHeader, Of200BytesTo200KilobytesGoesOutReadableOrIsTooLargeStill) {
  const Filling& filling = GetParam();
  const std::string& asf = test::clip("-f asf");
  const auto size = load_le<std::uint64_t>(as_bytes(asf), 16) + kDataObjectHeadSize;
  const Bytes plain = as_bytes(asf).first(static_cast<std::size_t>(size));
  const test::TemporaryDirectory directory;
  const std::string file = (directory.path() / "filled.asf").string();
  for (const std::size_t more : {200u, 5000u, 50'000u, 200'000u}) {
    std::vector<std::byte> header(plain.begin(), plain.end());
    add(header, object(filling.id, filling.data(more)), filling.into_extension);
    const std::size_t before = header.size();
    std::vector<LeftOut> left_out;
    ASSERT_FALSE(trim_header(header, 8192, left_out)) << more;
    if (filling.stays && before > 8192) {
      EXPECT_EQ(header.size(), before) << more;
      EXPECT_THAT(left_out, IsEmpty());
      continue;
    }
    EXPECT_LE(header.size(), 8192u) << more;
    EXPECT_EQ(left_out.empty(), filling.id == kPadding || before <= 8192) << more;
    // An encrypted stream has no codec that anyone could tell.
    if (filling.id == kContentEncryption) continue;
    std::ofstream(file, std::ios::binary) << as_text(header) << asf.substr(plain.size());
    EXPECT_EQ(
        output_of("ffprobe -v error -show_entries stream=codec_name -of csv=p=0 '" + file + "'"),
        "wmv2\nwmav2\n")
        << more;
    EXPECT_THAT(output_of("mediainfo '" + file + "'"),
                testing::AllOf(HasSubstr("Windows Media"), HasSubstr("Video"), HasSubstr("Audio")))
        << more;
  }
}

}  // namespace
}  // namespace wmpush::asf
