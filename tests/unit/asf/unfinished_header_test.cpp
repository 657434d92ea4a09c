#include "asf/unfinished_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "asf/guid.hpp"
#include "asf/splitter.hpp"
#include "support/asf_builder.hpp"

namespace wmpush::asf {
namespace {

using test::make_chunk;
using testing::HasSubstr;
using testing::Not;

std::vector<std::byte> concat(std::initializer_list<std::vector<std::byte>> parts) {
  std::vector<std::byte> all;
  for (const auto& part : parts) append(all, part);
  return all;
}

template <typename T>
std::vector<std::byte> number(T value) {
  std::vector<std::byte> bytes(sizeof value);
  store_le(bytes, 0, value);
  return bytes;
}

std::vector<std::byte> id(const Guid& guid) { return {guid.begin(), guid.end()}; }

/// The head of an object whose size the muxer has not filled in, as it writes it.
std::vector<std::byte> open_head(const Guid& guid) {
  return concat({id(guid), number(std::uint64_t{24})});
}

/// A Header Object that the muxer has begun, and a whole object in it.
std::vector<std::byte> begun() {
  return concat({id(kHeaderObject), number(~std::uint64_t{0}), number(std::uint32_t{6}),
                 number(std::uint16_t{0x0201}), id(kHeaderExtension), number(std::uint64_t{26}),
                 number(std::uint16_t{0})});
}

std::vector<std::byte> stream_properties(const Guid& type, std::uint16_t number_and_flags) {
  return concat({open_head(kStreamProperties), id(type), id(Guid{}), number(std::uint64_t{0}),
                 number(std::uint32_t{18}), number(std::uint32_t{8}), number(number_and_flags),
                 number(std::uint32_t{0})});
}

std::vector<std::byte> codec(std::uint16_t type, std::string_view name) {
  std::vector<std::byte> entry = number(type);
  append(entry, number(static_cast<std::uint16_t>(name.size() + 1)));
  for (const char letter : name) append(entry, number(static_cast<std::uint16_t>(letter)));
  append(entry, concat({number(std::uint16_t{0}), number(std::uint16_t{0}),
                        number(std::uint16_t{4}), number(std::uint32_t{0})}));
  return entry;
}

std::string message_of(const std::vector<std::byte>& header) {
  const Error error = unfinished_header(header);
  EXPECT_EQ(error.result, Result::NS_E_INVALID_DATA);
  EXPECT_THAT(error.message, Not(HasSubstr("\n")));
  return error.message;
}

TEST(UnfinishedHeader, NamesTheStreamInWhosePropertiesItEnds) {
  EXPECT_THAT(message_of(concat({begun(), stream_properties(kAudioMedia, 2)})),
              testing::AllOf(HasSubstr("stream #1 (audio)"), HasSubstr("-c:a wmav2")));
  EXPECT_THAT(message_of(concat({begun(), stream_properties(kVideoMedia, 0x8001)})),
              testing::AllOf(HasSubstr("stream #0 (video)"), HasSubstr("-c:v wmv2")));
}

TEST(UnfinishedHeader, NamesTheStreamAndItsCodecInWhoseCodecListItEnds) {
  const auto head = concat({begun(), open_head(kCodecList), id(Guid{}), number(std::uint32_t{2})});
  EXPECT_THAT(message_of(concat({head, codec(1, "hevc")})),
              testing::AllOf(HasSubstr("stream #0 (video, hevc)"), HasSubstr("-c:v wmv2")));
  EXPECT_THAT(message_of(concat({head, codec(1, "wmv2"), codec(2, "opus")})),
              HasSubstr("stream #1 (audio, opus)"));
  EXPECT_THAT(message_of(head), HasSubstr("never filled in"));
}

TEST(UnfinishedHeader, NamesNoStreamWhereItCannotBeTold) {
  auto large = concat({begun(), stream_properties(kAudioMedia, 2)});
  large.resize(32768);
  const auto whole = concat({begun(), stream_properties(kAudioMedia, 2)});
  for (std::size_t size = 0; size < whole.size() - 6; ++size)
    EXPECT_THAT(message_of({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
                HasSubstr("buffer"))
        << size;
  EXPECT_THAT(message_of(large), HasSubstr("buffer"));
  EXPECT_THAT(message_of(concat({begun(), stream_properties(kAudioMedia, 0)})),
              HasSubstr("buffer"));
}

TEST(UnfinishedHeader, IsExplainedByTheSplitterHoweverItIsCut) {
  const auto header = concat({begun(), stream_properties(kAudioMedia, 2)});
  for (const auto& asf : {header, make_chunk('H', 0, header)}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, asf.size()}) {
      Splitter splitter;
      Splitter::Unit unit;
      Error error;
      for (std::size_t at = 0; at < asf.size() && !error; at += piece) {
        Bytes input = Bytes(asf).subspan(at, std::min(piece, asf.size() - at));
        error = splitter.next(input, unit);
      }
      if (!error) error = splitter.finish();
      EXPECT_THAT(error.message, HasSubstr("stream #1 (audio)")) << piece;
    }
  }
}

}  // namespace
}  // namespace wmpush::asf
